package dev.tallyhook.intake;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import org.jspecify.annotations.Nullable;

/** The trace that a request belongs to, as it is kept with the row: so that finishing the row can be seen in that trace. */
final class TraceParent {

    private TraceParent() {}

    /**
     * Of the request that is being served on this thread: its trace is the sender's, its span our own.
     *
     * @return {@code traceparent} of W3C Trace Context section 3.2.2, or null if nobody looks at this trace
     */
    static @Nullable String ofCurrentRequest() {
        SpanContext request = Span.current().getSpanContext();
        return request.isValid() && request.isSampled()
                ? "00-" + request.getTraceId() + "-" + request.getSpanId() + "-"
                        + request.getTraceFlags().asHex()
                : null;
    }
}
