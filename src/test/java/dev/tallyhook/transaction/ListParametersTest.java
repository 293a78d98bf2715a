package dev.tallyhook.transaction;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.hasItems;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.not;

import dev.tallyhook.Webhooks;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What readers may ask of lists, and what they are told of the rest. */
@QuarkusTest
class ListParametersTest {

    private static final String TRANSACTIONS = "/v1/transactions";
    private static final String CONFLICTS = "/v1/conflicts";

    private final String account = UUID.randomUUID().toString();

    @ParameterizedTest
    @CsvSource({
        "/v1/transactions?status=processing, status",
        "/v1/transactions?status=, status",
        "/v1/transactions?limit=0, limit",
        "/v1/transactions?limit=501, limit",
        "/v1/transactions?limit=-1, limit",
        "/v1/transactions?limit=1e2, limit",
        "/v1/transactions?limit=99999999999999999999, limit",
        "/v1/transactions?created_from=yesterday, created_from",
        "/v1/transactions?created_from=2025-01-01, created_from",
        "/v1/transactions?created_from=2025-01-01T00:00Z, created_from",
        "/v1/transactions?created_to=+10000-01-01T00:00:00Z, created_to",
        "/v1/transactions?created_to=2025-13-01T00:00:00Z, created_to",
        "/v1/transactions?source_account=, source_account",
        "/v1/transactions?source_account=a%00b, source_account",
        "/v1/transactions?destination_account=%0A, destination_account",
        "/v1/transactions?transaction_id=, transaction_id",
        "/v1/transactions?transaction_id=a%00b, transaction_id",
        "/v1/transactions?transaction_id=a&transaction_id=b, transaction_id",
        "/v1/transactions?sorce_account=a, sorce_account",
        "/v1/transactions?limit=1&limit=2, limit",
        "/v1/conflicts?transaction_id=, transaction_id",
        "/v1/conflicts?received_from=x, received_from",
        "/v1/conflicts?received_to=x, received_to",
        "/v1/conflicts?limit=501, limit",
        "/v1/conflicts?status=PROCESSED, status"
    })
    void one_that_breaks_its_rule_is_named(String path, String field) {
        given().urlEncodingEnabled(false)
                .get(path)
                .then()
                .statusCode(422)
                .contentType("application/problem+json")
                .body("errors.field", is(List.of(field)))
                .body("detail", containsString(field));
    }

    @Test
    void all_violations_are_named_at_once_and_no_account_is_repeated() {
        given().urlEncodingEnabled(false)
                .get(TRANSACTIONS + "?status=x&limit=x&created_from=x&source_account=secret%07account&cursor=x&x=y")
                .then()
                .statusCode(422)
                .body("errors.field", hasItems("status", "limit", "created_from", "source_account", "x"))
                .body("errors", hasSize(5))
                .body(not(containsString("secret")));
    }

    @Test
    void a_cursor_that_was_changed_or_belongs_elsewhere_is_a_bad_request() {
        for (int i = 0; i < 3; i++) {
            given().contentType("application/json")
                    .body(Webhooks.body(Webhooks.newId()).replace("acc_user_789", account))
                    .post(Webhooks.PATH)
                    .then()
                    .statusCode(202);
        }
        var filter = Map.of("source_account", account);
        String cursor = given().queryParams(filter)
                .queryParam("limit", 2)
                .get(TRANSACTIONS)
                .path("next_cursor");
        var wrong = new HashSet<>(
                List.of("", "x", "AAAA", cursor + "A", cursor.substring(1), "=", "%%%", "a".repeat(4000)));
        for (int i = 0; i < cursor.length(); i += 3) {
            char other = cursor.charAt(i) == 'A' ? 'B' : 'A';
            wrong.add(cursor.substring(0, i) + other + cursor.substring(i + 1));
        }
        for (String forged : List.of("a\u0000b", "", "\n")) {
            wrong.add(new Cursor(Instant.EPOCH, forged)
                    .write("transactions "
                            + new TransactionFilter(
                                    Optional.empty(),
                                    Optional.empty(),
                                    Optional.of(account),
                                    Optional.empty(),
                                    Optional.empty(),
                                    Optional.empty())));
        }
        wrong.forEach(text -> assertNoCursor(filter, text, TRANSACTIONS));
        assertNoCursor(Map.of("source_account", account + "_other"), cursor, TRANSACTIONS);
        assertNoCursor(Map.of(), cursor, TRANSACTIONS);
        assertNoCursor(Map.of(), cursor, CONFLICTS);
        given().queryParams(filter)
                .queryParam("cursor", cursor)
                .get(TRANSACTIONS)
                .then()
                .statusCode(200);
    }

    private static void assertNoCursor(Map<String, String> filter, String cursor, String path) {
        given().queryParams(filter)
                .queryParam("cursor", cursor)
                .get(path)
                .then()
                .statusCode(400)
                .contentType("application/problem+json")
                .body("detail", containsString("next_cursor"));
    }
}
