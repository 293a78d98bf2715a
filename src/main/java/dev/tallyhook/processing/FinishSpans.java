package dev.tallyhook.processing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * Shows the finishing of a transaction in the trace of the request that brought it: a span from its due time to when it was
 * finished, by the database's clock.
 */
@ApplicationScoped
class FinishSpans {

    private static final String TRACEPARENT = "traceparent";

    private final Tracer tracer;
    private final ProcessingMetrics metrics;
    private final boolean wanted;
    private final AtomicBoolean told = new AtomicBoolean();

    FinishSpans(
            Tracer tracer,
            ProcessingMetrics metrics,
            @ConfigProperty(name = "quarkus.otel.sdk.disabled") boolean disabled) {
        this.tracer = tracer;
        this.metrics = metrics;
        this.wanted = !disabled;
    }

    /** Whether anybody looks at traces. */
    boolean areWanted() {
        return wanted;
    }

    /**
     * Reads the transactions of a row whose columns, from {@code first} on, are arrays: ids, traceparents, due times and
     * times of processing in seconds of the epoch. All are NULL if none was traced. Nothing that goes wrong here may keep them from being
     * finished: what has no trace is counted, and told of once.
     *
     * @return records them
     */
    Runnable read(ResultSet row, int first) {
        try {
            if (row.getArray(first) == null) {
                return () -> {};
            }
            String[] ids = (String[]) row.getArray(first).getArray();
            String[] traceparents = (String[]) row.getArray(first + 1).getArray();
            BigDecimal[] due = (BigDecimal[]) row.getArray(first + 2).getArray();
            BigDecimal[] processed = (BigDecimal[]) row.getArray(first + 3).getArray();
            return () -> {
                for (int i = 0; i < ids.length; i++) {
                    recordOrSkip(ids[i], traceparents[i], due[i], processed[i]);
                }
            };
        } catch (SQLException | RuntimeException unreadable) {
            return () -> skip("their traces cannot be read: " + unreadable);
        }
    }

    private void recordOrSkip(String id, String traceparent, BigDecimal due, BigDecimal processed) {
        try {
            SpanContext request = request(traceparent);
            if (!request.isValid()) {
                skip("the traceparent of " + id + " is none of W3C Trace Context: somebody else has written it");
                return;
            }
            record(id, request, instant(due), instant(processed));
        } catch (RuntimeException failure) {
            skip("its span cannot be recorded: " + failure);
        }
    }

    private void skip(String why) {
        metrics.notTraced();
        if (told.compareAndSet(false, true)) {
            Log.warnf("A transaction is finished and does not show in its trace (told once, and counted): %s", why);
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

    /** Invalid unless it keeps every rule of W3C Trace Context section 3.2.2: lower case, not only zeros, a version that may be. */
    private static SpanContext request(String traceparent) {
        Context kept = W3CTraceContextPropagator.getInstance().extract(Context.root(), traceparent, Kept.ONLY);
        return Span.fromContext(kept).getSpanContext();
    }

    /** A traceparent as headers of which it is the only one. */
    private enum Kept implements TextMapGetter<String> {
        ONLY;

        @Override
        public Iterable<String> keys(String traceparent) {
            return Set.of(TRACEPARENT);
        }

        @Override
        public @Nullable String get(@Nullable String traceparent, String header) {
            return header.equals(TRACEPARENT) ? traceparent : null;
        }
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
