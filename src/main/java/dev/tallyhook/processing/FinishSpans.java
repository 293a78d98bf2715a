package dev.tallyhook.processing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * Shows the finishing of a transaction in the trace of the request that brought it: a span from its due time to when it was
 * finished, by the database's clock.
 */
@ApplicationScoped
class FinishSpans {

    private final Tracer tracer;
    private final boolean wanted;

    FinishSpans(Tracer tracer, @ConfigProperty(name = "quarkus.otel.sdk.disabled") boolean disabled) {
        this.tracer = tracer;
        this.wanted = !disabled;
    }

    /** Whether anybody looks at traces. */
    boolean areWanted() {
        return wanted;
    }

    /**
     * Records the transactions of a row whose columns, from {@code first} on, are arrays: ids, traceparents, due times and
     * times of processing in seconds of the epoch. All are NULL if none was traced.
     */
    void record(ResultSet row, int first) throws SQLException {
        if (row.getArray(first) == null) {
            return;
        }
        String[] ids = (String[]) row.getArray(first).getArray();
        String[] traceparents = (String[]) row.getArray(first + 1).getArray();
        BigDecimal[] due = (BigDecimal[]) row.getArray(first + 2).getArray();
        BigDecimal[] processed = (BigDecimal[]) row.getArray(first + 3).getArray();
        for (int i = 0; i < ids.length; i++) {
            record(ids[i], request(traceparents[i]), instant(due[i]), instant(processed[i]));
        }
    }

    private void record(String transactionId, SpanContext request, Instant due, Instant processed) {
        tracer.spanBuilder("finish transaction")
                .setSpanKind(SpanKind.CONSUMER)
                .setParent(Context.root().with(Span.wrap(request)))
                // The request has ended long before: traces that show this as its part and those that follow links both
                // find it.
                .addLink(request)
                .setAttribute("tallyhook.transaction_id", transactionId)
                .setStartTimestamp(due)
                .startSpan()
                .end(processed);
    }

    /** The intake wrote it, by W3C Trace Context section 3.2.2: version, trace, span and flags of fixed lengths. */
    private static SpanContext request(String traceparent) {
        return SpanContext.createFromRemoteParent(
                traceparent.substring(3, 35),
                traceparent.substring(36, 52),
                TraceFlags.fromHex(traceparent, 53),
                TraceState.getDefault());
    }

    private static Instant instant(BigDecimal epochSeconds) {
        long seconds = epochSeconds.longValue();
        return Instant.ofEpochSecond(
                seconds,
                epochSeconds
                        .subtract(BigDecimal.valueOf(seconds))
                        .movePointRight(9)
                        .longValue());
    }
}
