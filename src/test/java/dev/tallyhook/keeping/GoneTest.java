package dev.tallyhook.keeping;

import static dev.tallyhook.Webhooks.body;
import static dev.tallyhook.Webhooks.newId;
import static dev.tallyhook.Webhooks.transactionPath;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.nullValue;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.Statements;
import dev.tallyhook.Webhooks;
import dev.tallyhook.transaction.Gone;
import dev.tallyhook.transaction.Sql;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import jakarta.inject.Inject;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A transaction that is gone, and senders and readers who do not know it. */
@QuarkusTest
class GoneTest {

    @Inject
    DataSource dataSource;

    private final String id = newId() + "/é 😀";

    private ValidatableResponse post(String body) {
        return given().contentType("application/json")
                .body(body)
                .post(Webhooks.PATH)
                .then();
    }

    private void finishAndLetGo() throws Exception {
        Statements.execute(
                dataSource,
                "UPDATE transactions SET due_at = now(), status = 'PROCESSED', processed_at = now() WHERE transaction_id = '%s'"
                        .formatted(id));
        String version = new Sql()
                .add("SELECT xmin::text FROM transactions WHERE transaction_id = ?", id)
                .query(dataSource, row -> row.getString(1))
                .get(0);
        assertEquals(1, new Departures(dataSource, true).letGo(List.of(new Departures.Row(id, version))));
    }

    private long count(String from) throws SQLException {
        return new Sql()
                .add("SELECT count(*) FROM " + from + " WHERE transaction_id = ?", id)
                .query(dataSource, row -> row.getLong(1))
                .get(0);
    }

    @ParameterizedTest
    @CsvSource({
        "1500.50, 1500.5",
        "1500.5, 1500.50",
        "1500, 1500.00",
        "0.01, 0.01",
        "123456789012345678, 123456789012345678.00"
    })
    void the_same_again_is_a_replay_and_is_not_stored(String amount, String again) throws Exception {
        post(body(id, amount, "INR")).statusCode(202);
        finishAndLetGo();
        post(body(id, again, "INR"))
                .statusCode(202)
                .header("Idempotent-Replayed", "true")
                .header("Location", transactionPath(id));
        assertEquals(0, count("transactions"));
        assertEquals(0, count("conflicts"));
    }

    @Test
    void other_content_is_a_conflict_and_on_record() throws Exception {
        post(body(id, "1500.50", "INR")).statusCode(202);
        finishAndLetGo();
        post(body(id, "1500.51", "INR")).statusCode(409);
        post(body(id, "1500.50", "USD")).statusCode(409);
        post(body(id, "1500.50", "INR").replace("acc_user_789", "acc_user_780")).statusCode(409);
        assertEquals(3, count("conflicts"));
        assertEquals(0, count("transactions"));
    }

    @Test
    void whatever_comes_is_a_replay_of_what_was_erased() throws Exception {
        post(body(id)).statusCode(202);
        finishAndLetGo();
        Statements.execute(dataSource, "UPDATE gone SET content = NULL WHERE transaction_id = '%s'".formatted(id));
        post(body(id, "1", "USD")).statusCode(202).header("Idempotent-Replayed", "true");
        assertEquals(0, count("transactions") + count("conflicts"));
    }

    @Test
    void once_it_is_forgotten_it_is_new() throws Exception {
        post(body(id)).statusCode(202);
        finishAndLetGo();
        var leftovers = new Leftovers(dataSource);
        assertEquals(0, leftovers.forget("PT1H", 10).deleted());
        Statements.execute(
                dataSource,
                "UPDATE gone SET gone_at = now() - interval '2 hours' WHERE transaction_id = '%s'".formatted(id));
        assertEquals(1, leftovers.forget("PT1H", 10).deleted());
        post(body(id)).statusCode(202).header("Idempotent-Replayed", nullValue());
        assertEquals(1, count("transactions"));
    }

    @ParameterizedTest
    @CsvSource({"''", "/raw"})
    void who_asks_is_told_when_it_went(String behind) throws Exception {
        post(body(id)).statusCode(202);
        finishAndLetGo();
        given().urlEncodingEnabled(false)
                .get(transactionPath(id) + behind)
                .then()
                .statusCode(410)
                .contentType("application/problem+json")
                .body("title", equalTo("Gone"))
                .body("status", equalTo(410))
                .body(
                        "detail",
                        matchesPattern(
                                "The transaction is not kept any more: it was deleted at 20\\d\\d-\\d\\d-\\d\\dT.*Z"));
    }

    @Test
    void it_can_neither_be_held_nor_released() throws Exception {
        post(body(id)).statusCode(202);
        finishAndLetGo();
        given().urlEncodingEnabled(false)
                .post(transactionPath(id) + "/hold")
                .then()
                .statusCode(410);
        given().urlEncodingEnabled(false)
                .post(transactionPath(id) + "/release")
                .then()
                .statusCode(410);
    }

    /** What could not be mapped then, or cannot now, contradicts nothing, as if it were still there. */
    @ParameterizedTest
    @CsvSource({
        "from, to, 1.50, INR, true",
        ", to, 1.50, INR, true",
        ", , , , true",
        "other, to, 1.50, INR, false",
        "from, to, 1.51, INR, false"
    })
    void an_event_that_lacks_something_agrees(
            String source, String destination, String amount, String currency, boolean agrees) throws Exception {
        byte[] content = new Sql()
                .add("SELECT content_digest(?, 'from', 'to', 1.5, 'INR')", id)
                .query(dataSource, row -> row.getBytes(1))
                .get(0);
        String plain = amount == null
                ? null
                : new BigDecimal(amount).stripTrailingZeros().toPlainString();
        assertEquals(agrees, Gone.agrees(content, true, id, source, destination, plain, currency));
        assertEquals(agrees && source != null, Gone.agrees(content, false, id, source, destination, plain, currency));
    }
}
