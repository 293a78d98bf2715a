package dev.tallyhook.transaction;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lists of transactions and conflicts, over HTTP. */
@QuarkusTest
class ListsTest {

    private static final String TRANSACTIONS = "/v1/transactions";
    private static final String CONFLICTS = "/v1/conflicts";

    /** In groups of ten that share their created_at, every third of them waiting, as many as fill some pages. */
    private static final int ROWS = 120;

    @Inject
    DataSource dataSource;

    private final String prefix = UUID.randomUUID().toString();

    private record Row(int i, String id, String source, String destination, String status) {}

    /** Newest first, ids descending within the same time. */
    private List<Row> store() throws SQLException {
        List<Row> rows = IntStream.range(0, ROWS)
                .mapToObj(i -> new Row(
                        i,
                        "%s_%03d".formatted(prefix, i),
                        prefix + "_source_" + i % 2,
                        prefix + "_destination_" + i % 5,
                        i % 3 == 0 ? "PROCESSING" : "PROCESSED"))
                .sorted((a, b) -> b.i - a.i)
                .toList();
        try (var connection = dataSource.getConnection();
                var insert = connection.prepareStatement("""
                        INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency,
                                                  status, created_at, due_at, processed_at)
                        VALUES (?, ?, ?, 1, 'INR', ?, timestamptz '2001-01-01 00:00:00Z' + ? * interval '1 second',
                                timestamptz '2101-01-01 00:00:00Z',
                                CASE WHEN ? THEN timestamptz '2101-01-01 00:00:00Z' END)
                        """)) {
            for (Row row : rows) {
                insert.setString(1, row.id);
                insert.setString(2, row.source);
                insert.setString(3, row.destination);
                insert.setString(4, row.status);
                insert.setInt(5, row.i / 10);
                insert.setBoolean(6, row.status.equals("PROCESSED"));
                insert.addBatch();
            }
            insert.executeBatch();
        }
        return rows;
    }

    @ParameterizedTest
    @CsvSource({"1", "7", "10", "119", "120", "121", "500"})
    void every_combination_of_filters_pages_through_exactly_what_it_names(int limit) throws SQLException {
        List<Row> rows = store();
        for (String status : new String[] {null, "PROCESSING", "PROCESSED"}) {
            for (String destination : new String[] {null, prefix + "_destination_3"}) {
                for (boolean ranged : new boolean[] {false, true}) {
                    Map<String, Object> filter = new HashMap<>(Map.of("source_account", prefix + "_source_1"));
                    if (status != null) {
                        filter.put("status", status);
                    }
                    if (destination != null) {
                        filter.put("destination_account", destination);
                    }
                    if (ranged) {
                        filter.put("created_from", "2001-01-01T02:00:02+02:00");
                        filter.put("created_to", "2001-01-01T00:00:09Z");
                    }
                    List<String> expected = rows.stream()
                            .filter(row -> row.source.equals(prefix + "_source_1"))
                            .filter(row -> status == null || row.status.equals(status))
                            .filter(row -> destination == null || row.destination.equals(destination))
                            .filter(row -> !ranged || (row.i / 10 >= 2 && row.i / 10 < 9))
                            .map(Row::id)
                            .toList();
                    assertEquals(
                            expected,
                            walk(TRANSACTIONS, "transactions.transaction_id", filter, limit),
                            filter::toString);
                }
            }
        }
    }

    private static List<String> walk(String path, String field, Map<String, Object> filter, int limit) {
        List<String> found = new ArrayList<>();
        String cursor = null;
        do {
            var request = given().queryParams(filter).queryParam("limit", limit);
            if (cursor != null) {
                request.queryParam("cursor", cursor);
            }
            var page = request.get(path).then().statusCode(200).extract().jsonPath();
            List<Object> values = page.getList(field);
            assertTrue(values.size() <= limit);
            values.forEach(value -> found.add(value.toString()));
            cursor = page.getString("next_cursor");
        } while (cursor != null);
        return found;
    }

    @Test
    void a_walk_is_stable_while_rows_arrive_and_are_finished() throws SQLException {
        List<String> before = new ArrayList<>();
        Map<String, Object> mine = Map.of("source_account", prefix);
        for (int i = 0; i < 40; i++) {
            before.add(0, post(i));
        }
        // The delay of the tests is 1 s: these are finished while the walk goes on, and more come in at its front.
        List<String> found = new ArrayList<>();
        String cursor = null;
        for (int i = 40; cursor != null || found.isEmpty(); i++) {
            var request = given().queryParams(mine).queryParam("limit", 3);
            var page = (cursor == null ? request : request.queryParam("cursor", cursor))
                    .get(TRANSACTIONS)
                    .jsonPath();
            found.addAll(page.getList("transactions.transaction_id", String.class));
            cursor = page.getString("next_cursor");
            post(i);
            sleep(150);
        }
        assertEquals(before, found);
    }

    private String post(int i) {
        String id = "%s_%03d".formatted(prefix, i);
        given().contentType("application/json")
                .body(Webhooks.body(id).replace("acc_user_789", prefix))
                .post(Webhooks.PATH)
                .then()
                .statusCode(202);
        return id;
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    @Test
    void a_transaction_looks_the_same_in_a_list_as_by_itself() {
        String id = post(0);
        String alone = given().get(TRANSACTIONS + "/" + id).asString();
        String listed = given().queryParam("source_account", prefix)
                .get(TRANSACTIONS)
                .then()
                .statusCode(200)
                .contentType("application/json")
                .body("next_cursor", nullValue())
                .extract()
                .asString();
        assertEquals("{\"transactions\":[" + alone + "],\"next_cursor\":null}", listed);
    }

    @Test
    void a_page_has_fifty_unless_said_otherwise() throws SQLException {
        store();
        given().queryParam("created_to", "2002-01-01T00:00:00Z")
                .get(TRANSACTIONS)
                .then()
                .statusCode(200)
                .body("transactions", hasSize(50));
    }

    @Test
    void the_longest_accounts_and_the_longest_cursor_fit_in_a_url() {
        String account = "😀".repeat(255);
        String id = prefix + "😀".repeat(255 - prefix.length() - 1);
        for (int i = 0; i < 2; i++) {
            given().contentType("application/json")
                    .body(Webhooks.body(id + i).replace("acc_user_789", account).replace("acc_merchant_456", account))
                    .post(Webhooks.PATH)
                    .then()
                    .statusCode(202);
        }
        var filter = Map.<String, Object>of(
                "source_account", account, "destination_account", account, "created_from", "2001-01-01T00:00:00Z");
        assertEquals(List.of(id + 1, id + 0), walk(TRANSACTIONS, "transactions.transaction_id", filter, 1));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 500})
    void conflicts_are_listed_newest_first_with_what_is_stored(int limit) {
        String id = post(0);
        List<String> amounts = List.of("1", "2", "3", "4", "5");
        for (String amount : amounts) {
            given().contentType("application/json")
                    .body(Webhooks.body(id, amount, "INR").replace("acc_user_789", prefix))
                    .post(Webhooks.PATH)
                    .then()
                    .statusCode(409);
        }
        assertEquals(
                List.of("5", "4", "3", "2", "1"),
                walk(CONFLICTS, "conflicts.amount", Map.of("transaction_id", id), limit));
        given().queryParam("transaction_id", id)
                .get(CONFLICTS)
                .then()
                .body("conflicts.transaction_id", is(List.of(id, id, id, id, id)))
                .body("conflicts[0].size()", is(10))
                .body("conflicts[0].stored.transaction_id", is(id))
                .body("conflicts[0].stored.size()", is(8));
    }

    @Test
    void conflicts_are_listed_by_when_they_came() {
        given().queryParam("received_from", "2001-01-01T00:00:00Z")
                .queryParam("received_to", "2002-01-01T00:00:00Z")
                .get(CONFLICTS)
                .then()
                .statusCode(200)
                .body("conflicts", hasSize(0));
    }
}
