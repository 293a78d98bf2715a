package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.tallyhook.Webhooks;
import io.opentelemetry.proto.trace.v1.Span;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a collector of traces gets to see, and that without one nothing is kept. */
class TracesIT {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String SENDER_TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String SENDER_SPAN = "00f067aa0ba902b7";
    private static final String SAMPLED = "00-" + SENDER_TRACE + "-" + SENDER_SPAN + "-01";
    private static final String NOT_SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    private static Service start(DatabaseServer database, Map<String, String> more) throws Exception {
        var environment = new HashMap<>(more);
        environment.put("TALLYHOOK_PROCESSING_DELAY", "PT1S");
        return Service.start(database, environment);
    }

    private static Map<String, String> sendingTo(TraceCollector collector) {
        return Map.of(
                "OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint(), "OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf");
    }

    @Test
    void a_transaction_is_finished_in_the_trace_of_the_request_that_brought_it() throws Exception {
        try (var database = DatabaseServer.migrated();
                var collector = new TraceCollector();
                var service = start(database, sendingTo(collector))) {
            String id = Webhooks.newId();
            assertEquals(
                    202,
                    service.post(Webhooks.body(id), Map.of("traceparent", SAMPLED))
                            .statusCode());
            Eventually.within(
                    PATIENCE,
                    () -> spansOf(collector, SENDER_TRACE).size() == 2,
                    () -> "two spans of the sender's trace in " + collector.text());

            Span request = only(collector, Span.SpanKind.SPAN_KIND_SERVER);
            Span finish = only(collector, Span.SpanKind.SPAN_KIND_CONSUMER);
            assertEquals(SENDER_SPAN, hex(request.getParentSpanId()));
            assertEquals("finish transaction", finish.getName());
            assertEquals(request.getSpanId(), finish.getParentSpanId());
            assertEquals(request.getSpanId(), finish.getLinks(0).getSpanId());
            assertEquals(request.getTraceId(), finish.getLinks(0).getTraceId());
            assertEquals(id, finish.getAttributes(0).getValue().getStringValue());
            assertTrue(
                    finish.getStartTimeUnixNano() - request.getStartTimeUnixNano() > 900_000_000, "due a second later");
            assertTrue(finish.getEndTimeUnixNano() >= finish.getStartTimeUnixNano());
            assertEquals("00-" + SENDER_TRACE + "-" + hex(request.getSpanId()) + "-01", kept(database, id));
        }
    }

    @Test
    void what_its_sender_does_not_sample_is_not_traced_and_no_account_and_amount_is_shown() throws Exception {
        try (var database = DatabaseServer.migrated();
                var collector = new TraceCollector();
                var service = start(database, sendingTo(collector))) {
            String unseen = Webhooks.newId();
            service.post(Webhooks.body(unseen), Map.of("traceparent", NOT_SAMPLED));
            assertNull(kept(database, unseen));
            service.get("/v1/transactions?source_account=acc_user_789", "none");
            service.post(Webhooks.body(Webhooks.newId()), Map.of("traceparent", SAMPLED));
            service.post("{\"amount\":1500.50,\"source_account\":\"acc_user_789\"", Map.of("traceparent", SAMPLED));
            Eventually.within(PATIENCE, () -> spansOf(collector, SENDER_TRACE).size() == 3, collector::text);
            String seen = collector.text();
            for (String secret :
                    List.of(unseen, "0af7651916cd43dd8448eb211c80319c", "acc_user_789", "acc_merchant", "1500.5")) {
                assertFalse(seen.contains(secret), seen);
            }
        }
    }

    @Test
    void without_a_collector_no_trace_is_kept() throws Exception {
        try (var database = DatabaseServer.migrated();
                var service = start(database, Map.of())) {
            String id = Webhooks.newId();
            service.post(Webhooks.body(id), Map.of("traceparent", SAMPLED));
            assertNull(kept(database, id));
            assertFalse(service.log().contains("export"), service.log());
        }
    }

    @Test
    void a_traceparent_that_somebody_else_has_written_wrong_costs_neither_the_batch_nor_the_spans_of_others()
            throws Exception {
        List<String> wrong = List.of(
                "x".repeat(55),
                "00-" + SENDER_TRACE.toUpperCase(Locale.ROOT) + "-" + SENDER_SPAN + "-01",
                "00-" + "0".repeat(32) + "-" + SENDER_SPAN + "-01",
                "00-" + SENDER_TRACE + "-" + "0".repeat(16) + "-01",
                "ff-" + SENDER_TRACE + "-" + SENDER_SPAN + "-01",
                "00-" + SENDER_TRACE + "-" + SENDER_SPAN + "-zz",
                "00_" + SENDER_TRACE + "_" + SENDER_SPAN + "_01",
                "\u20ac".repeat(55));
        try (var database = DatabaseServer.migrated();
                var collector = new TraceCollector();
                var service = start(database, sendingTo(collector))) {
            try (var connection = database.connect();
                    var insert = connection.prepareStatement("""
                            INSERT INTO transactions (
                                transaction_id, source_account, destination_account, amount, currency, due_at, traceparent)
                            SELECT 'traced_' || number, 'a', 'b', 1, 'INR', now() + interval '1 second', traceparent
                            FROM unnest(?) WITH ORDINALITY AS row(traceparent, number)""")) {
                List<String> all = new ArrayList<>(wrong);
                all.add(0, SAMPLED);
                all.add(SAMPLED);
                insert.setArray(1, connection.createArrayOf("text", all.toArray()));
                insert.executeUpdate();
            }
            Eventually.within(
                    PATIENCE,
                    () -> spansOf(collector, SENDER_TRACE).size() == 2,
                    () -> "two spans of the sender's trace in " + collector.text());
            assertEquals(10, database.number("SELECT count(*) FROM transactions WHERE status = 'PROCESSED'"));
            assertEquals(
                    1,
                    service.log()
                            .lines()
                            .filter(line -> line.contains("does not show in its trace"))
                            .count());
            assertFalse(service.log().contains("\"exception\""), service.log());
            String metrics = service.manage("/q/metrics").body();
            assertTrue(metrics.contains("tallyhook_finishes_not_traced_total 8.0"), metrics);
            assertTrue(metrics.contains("tallyhook_poller_failures_total 0.0"), metrics);
            assertTrue(metrics.contains("tallyhook_lateness_seconds_count 10.0"), metrics);
        }
    }

    private static List<Span> spansOf(TraceCollector collector, String trace) {
        return collector.spans().stream()
                .filter(span -> hex(span.getTraceId()).equals(trace))
                .toList();
    }

    private static Span only(TraceCollector collector, Span.SpanKind kind) {
        List<Span> spans = spansOf(collector, SENDER_TRACE).stream()
                .filter(span -> span.getKind() == kind)
                .toList();
        assertEquals(1, spans.size(), spans::toString);
        return spans.get(0);
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }

    private static String kept(DatabaseServer database, String id) throws SQLException {
        try (var connection = database.connect();
                var select =
                        connection.prepareStatement("SELECT traceparent FROM transactions WHERE transaction_id = ?")) {
            select.setString(1, id);
            try (var row = select.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }
}
