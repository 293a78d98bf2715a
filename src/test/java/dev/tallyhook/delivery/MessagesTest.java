package dev.tallyhook.delivery;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import dev.tallyhook.endpoint.EventKind;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@QuarkusTest
class MessagesTest {

    private static final String TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private static final String EVENT = """
            INSERT INTO transactions (
                transaction_id, amount, currency, traceparent, due_at, status, processed_at,
                source, type, subject, occurred_at, amount_sent, amount_unit)
            VALUES ('%s', %s, 'USDC', '%s', now(), 'PROCESSED', clock_timestamp(),
                'shop', 'payment.captured', 'pay_1', '2026-01-02 03:04:05.6Z', '1', 'i')
            """;

    @Inject
    Messages messages;

    @Inject
    DataSource dataSource;

    private final ObjectMapper json = new ObjectMapper();
    private final String id = Webhooks.newId();

    private static Parcel parcel(EventKind kind, String... ids) {
        return new Parcel(1, "shop", kind, List.of(ids), false, OffsetDateTime.MAX, 0, OffsetDateTime.MAX, 0);
    }

    private List<Message> of(Parcel... parcels) throws SQLException {
        try (var connection = dataSource.getConnection()) {
            return messages.of(connection, List.of(parcels), (parcel, failure) -> {
                throw new AssertionError(failure.toString());
            });
        }
    }

    private Message of(EventKind kind, String about) throws SQLException {
        return of(parcel(kind, about)).get(0);
    }

    private static String text(Message message) {
        return new String(message.body(), StandardCharsets.UTF_8);
    }

    private static int post(String body) {
        return given().contentType("application/json")
                .body(body)
                .post(Webhooks.PATH)
                .statusCode();
    }

    private static String get(String path) {
        return given().get(path).then().statusCode(200).extract().asString();
    }

    private JsonNode read(String text) throws IOException {
        return json.readTree(text);
    }

    private void awaitFinished() {
        await().until(() ->
                Statements.count(dataSource, "transactions", "transaction_id = '" + id + "' AND status = 'PROCESSED'")
                        == 1);
    }

    @Test
    void what_is_told_of_a_transaction_that_is_finished_is_what_a_reader_is_answered() throws Exception {
        assertEquals(202, post(Webhooks.body(id, "12345678901234567.89", "INR")));
        awaitFinished();
        Message message = of(EventKind.PROCESSED, id);
        String answered = get(Webhooks.transactionPath(id));
        String processedAt = read(answered).get("processed_at").asText();
        assertEquals(
                "{\"type\":\"transaction.processed\",\"version\":1,\"timestamp\":\"%s\",\"data\":%s}"
                        .formatted(processedAt, answered),
                text(message));
        assertTrue(text(message).contains("\"amount\":12345678901234567.89,"), text(message));
        assertEquals(Instant.parse(processedAt), message.timestamp());
    }

    @Test
    void what_is_told_of_one_that_is_accepted_is_the_same_before_and_after_it_is_finished() throws Exception {
        assertEquals(202, post(Webhooks.body(id, "1500.50", "INR")));
        byte[] body = of(EventKind.ACCEPTED, id).body();
        awaitFinished();
        Message message = of(EventKind.ACCEPTED, id);
        assertArrayEquals(body, message.body());
        ObjectNode data = (ObjectNode) read(get(Webhooks.transactionPath(id)));
        data.put("status", "PROCESSING").putNull("processed_at");
        JsonNode told = read(text(message));
        assertEquals(data, told.get("data"));
        assertEquals("transaction.accepted", told.get("type").asText());
        assertEquals(data.get("created_at"), told.get("timestamp"));
    }

    @Test
    void what_is_told_of_a_conflict_is_what_came_first_and_what_of_that_does_not_change() throws Exception {
        assertEquals(202, post(Webhooks.body(id, "1500.50", "INR")));
        assertEquals(409, post(Webhooks.body(id, "1500.51", "INR")));
        ObjectNode conflict = (ObjectNode)
                read(get("/v1/conflicts?transaction_id=" + id)).get("conflicts").get(0);
        String number = conflict.get("conflict_id").asText();
        byte[] body = of(EventKind.CONFLICTING, number).body();
        assertEquals(409, post(Webhooks.body(id, "1500.51", "INR")));
        awaitFinished();
        Message message = of(EventKind.CONFLICTING, number);
        assertArrayEquals(body, message.body());
        conflict.remove(List.of("attempts", "last_received_at"));
        ((ObjectNode) conflict.get("stored")).remove(List.of("status", "processed_at"));
        JsonNode told = read(text(message));
        assertEquals(conflict, told.get("data"));
        assertEquals("transaction.conflicting", told.get("type").asText());
        assertEquals(conflict.get("received_at"), told.get("timestamp"));
        assertNull(message.traceparent());
    }

    @Test
    void an_event_is_told_with_all_that_is_known_of_it_and_every_digit_and_its_trace() throws Exception {
        Statements.execute(dataSource, EVENT.formatted(id, "0.000000000000000001", TRACEPARENT));
        Message message = of(EventKind.PROCESSED, id);
        assertTrue(text(message).endsWith("\"data\":" + get(Webhooks.transactionPath(id)) + "}"), text(message));
        assertTrue(text(message).contains("\"amount\":0.000000000000000001,"), text(message));
        for (String known : List.of("payment.captured", "pay_1", "2026-01-02T03:04:05.6", "\"shop\"", "MINOR")) {
            assertTrue(text(message).contains(known), text(message));
        }
        assertEquals(TRACEPARENT, message.traceparent());
        Statements.execute(dataSource, EVENT.formatted(id + "_large", "-999999999999999999.99", TRACEPARENT));
        assertTrue(text(of(EventKind.PROCESSED, id + "_large")).contains("\"amount\":-999999999999999999.99,"));
    }

    @Test
    void whoever_is_told_and_however_often_the_bytes_are_the_same() throws Exception {
        Statements.execute(dataSource, EVENT.formatted(id, "1.50", TRACEPARENT));
        byte[] body = of(EventKind.PROCESSED, id).body();
        List<Message> told =
                of(parcel(EventKind.PROCESSED, id), parcel(EventKind.ACCEPTED, id), parcel(EventKind.PROCESSED, id));
        assertArrayEquals(body, told.get(0).body());
        assertArrayEquals(body, told.get(2).body());
        assertTrue(text(told.get(1)).startsWith("{\"type\":\"transaction.accepted\""));
    }

    @Test
    void messages_come_in_the_order_of_their_parcels() throws Exception {
        for (String tail : List.of("a", "b", "c")) {
            Statements.execute(dataSource, EVENT.formatted(id + tail, "1", TRACEPARENT));
        }
        assertEquals(
                List.of(id + "b", id + "c", id + "a"),
                of(parcel(EventKind.PROCESSED, id + "b", id + "c"), parcel(EventKind.PROCESSED, id + "a")).stream()
                        .map(Message::id)
                        .toList());
    }

    /** Somebody has deleted them by hand. */
    @Test
    void what_is_not_in_the_ledger_is_given_up_at_once_and_the_others_are_told() throws Exception {
        Statements.execute(dataSource, EVENT.formatted(id, "1", TRACEPARENT));
        List<Parcel.Failure> failures = new ArrayList<>();
        List<Message> told;
        try (var connection = dataSource.getConnection()) {
            told = messages.of(
                    connection,
                    List.of(parcel(EventKind.PROCESSED, "gone", id), parcel(EventKind.CONFLICTING, "999999999999")),
                    (parcel, failure) -> failures.add(failure));
        }
        assertEquals(List.of(id), told.stream().map(Message::id).toList());
        assertEquals(
                List.of("gone", "999999999999"),
                failures.stream().map(Parcel.Failure::id).toList());
        for (Parcel.Failure failure : failures) {
            assertEquals(Outcome.UNSENDABLE, failure.attempt().outcome());
            assertEquals(1, failure.attempts());
            assertNull(failure.retryIn());
        }
    }

    @Test
    void one_that_is_not_finished_is_not_told_as_if_it_were() throws Exception {
        Statements.execute(dataSource, """
                INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)
                VALUES ('%s', 'a', 'b', 1, 'INR', now() + interval '1 hour')""".formatted(id));
        List<String> failures = new ArrayList<>();
        try (var connection = dataSource.getConnection()) {
            assertEquals(
                    List.of(),
                    messages.of(
                            connection,
                            List.of(parcel(EventKind.PROCESSED, id)),
                            (parcel, failure) -> failures.add(failure.id())));
        }
        assertEquals(List.of(id), failures);
    }

    @Test
    void a_message_is_called_by_its_event_and_what_it_is_about() {
        // printf 'transaction.processed\ntxn_1' | sha256sum | cut -c1-40
        assertEquals("msg_d2be6a9ca7015cbcc204820b0ab2680d4722e5ad", MessageId.of("transaction.processed", "txn_1"));
    }
}
