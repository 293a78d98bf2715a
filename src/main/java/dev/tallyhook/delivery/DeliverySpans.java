package dev.tallyhook.delivery;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** Goes on with the trace of the request that brought a transaction, to whom it is told. */
@Singleton
class DeliverySpans {

    private static final String TRACEPARENT = "traceparent";

    private static final TextMapGetter<Map<String, String>> KEPT = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Map<String, String> headers) {
            return headers.keySet();
        }

        @Override
        public @Nullable String get(@Nullable Map<String, String> headers, String header) {
            return headers == null ? null : headers.get(header);
        }
    };

    private final Tracer tracer;
    private final boolean wanted;

    DeliverySpans(Tracer tracer, @ConfigProperty(name = "quarkus.otel.sdk.disabled") boolean disabled) {
        this.tracer = tracer;
        this.wanted = !disabled;
    }

    /** An attempt in a trace. */
    record Traced(Span span, String traceparent) {

        void end(Attempt attempt) {
            span.setAttribute("tallyhook.outcome", attempt.outcome().name());
            if (attempt.status() > 0) {
                span.setAttribute("http.response.status_code", attempt.status());
            }
            if (!attempt.isDelivered()) {
                span.setStatus(StatusCode.ERROR);
            }
            span.end();
        }
    }

    /** Begins one; null if nobody looks at traces, or the message has none. */
    @Nullable
    Traced begin(Message message, String webhookId) {
        String traceparent = message.traceparent();
        if (!wanted || traceparent == null) {
            return null;
        }
        Context request =
                W3CTraceContextPropagator.getInstance().extract(Context.root(), Map.of(TRACEPARENT, traceparent), KEPT);
        if (!Span.fromContext(request).getSpanContext().isValid()) {
            return null;
        }
        Span span = tracer.spanBuilder("tell endpoint")
                .setSpanKind(SpanKind.PRODUCER)
                .setParent(request)
                .setAttribute("tallyhook.endpoint_id", message.parcel().endpointId())
                .setAttribute("tallyhook.webhook_id", webhookId)
                .startSpan();
        List<String> injected = new java.util.ArrayList<>(1);
        W3CTraceContextPropagator.getInstance().inject(Context.root().with(span), injected, (into, name, value) -> {
            if (into != null && name.equals(TRACEPARENT)) {
                into.add(value);
            }
        });
        return new Traced(span, injected.isEmpty() ? traceparent : injected.get(0));
    }
}
