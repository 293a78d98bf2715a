package dev.tallyhook.delivery;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;

import dev.tallyhook.ReadersKnown;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import jakarta.inject.Inject;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** Who may only read sees how endpoints are told, changes nothing, and does not see what they answer. */
@QuarkusTest
@TestProfile(ReadersKnown.class)
class EndpointReadersTest {

    @Inject
    DataSource dataSource;

    private static RequestSpecification asReader() {
        return given().header("Authorization", "Bearer " + ReadersKnown.READER);
    }

    @Test
    void readers_see_what_happened_and_not_what_was_answered() {
        var rows = new EndpointRows(dataSource);
        String id = rows.paused();
        rows.deadLetters(id, 1);
        rows.execute("INSERT INTO attempts (endpoint_id, at, event, id, outcome, took_millis, answer) VALUES ('" + id
                + "', now(), 'p', 'txn_1', 'REFUSED', 1, 'secret')");
        asReader()
                .get("/v1/endpoints/" + id + "/attempts")
                .then()
                .statusCode(200)
                .body("attempts[0].transaction_id", equalTo("txn_1"))
                .body("attempts[0].answer", nullValue());
        asReader()
                .get("/v1/endpoints/" + id + "/dead-letters")
                .then()
                .statusCode(200)
                .body("dead_letters[0].transaction_id", equalTo("letter_1"))
                .body("dead_letters[0].answer", nullValue());
    }

    @Test
    void readers_change_nothing_and_strangers_see_nothing() {
        String id = new EndpointRows(dataSource).paused();
        String endpoint = "/v1/endpoints/" + id;
        asReader()
                .contentType(ContentType.JSON)
                .body("{\"failed\":true}")
                .post(endpoint + "/replays")
                .then()
                .statusCode(403);
        asReader().post(endpoint + "/test").then().statusCode(403);
        asReader().delete(endpoint + "/replays/1").then().statusCode(403);
        asReader().get(endpoint + "/replays").then().statusCode(200);
        for (String path : List.of("/attempts", "/dead-letters", "/replays", "/replays/1")) {
            given().get(endpoint + path).then().statusCode(401);
        }
        given().post(endpoint + "/test").then().statusCode(401);
    }
}
