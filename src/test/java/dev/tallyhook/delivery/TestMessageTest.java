package dev.tallyhook.delivery;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.nullValue;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.http.ContentType;
import jakarta.inject.Inject;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** Somebody tries whether an endpoint can be told. */
@QuarkusTest
class TestMessageTest {

    @Inject
    DataSource dataSource;

    @Test
    void it_is_signed_as_it_is_sent() throws Exception {
        Instant now = Instant.parse("2025-10-29T10:30:00.123456Z");
        OutgoingRequest request = TestMessage.request(
                new ObjectMapper(),
                "ep_1",
                URI.create("https://example.org/hooks"),
                (id, timestamp, body) -> id + "." + timestamp + "." + new String(body, StandardCharsets.UTF_8),
                "one",
                now);
        String body = new String(request.body(), StandardCharsets.UTF_8);
        assertEquals(MessageId.of("endpoint.test", "one"), request.webhookId());
        assertEquals(now.getEpochSecond(), request.timestamp());
        assertEquals(request.webhookId() + "." + now.getEpochSecond() + "." + body, request.signature());
        var message = new ObjectMapper().readTree(body);
        assertEquals("endpoint.test", message.get("type").asText());
        assertEquals(now.toString(), message.get("timestamp").asText());
        assertEquals("ep_1", message.at("/data/endpoint_id").asText());
    }

    /** The port is none that may be connected to, so nothing is. */
    @Test
    void what_came_of_it_is_answered_and_among_the_attempts() {
        String id = given().contentType(ContentType.JSON)
                .body("{\"url\":\"http://127.0.0.1:1/hooks\"}")
                .post("/v1/endpoints")
                .then()
                .extract()
                .path("endpoint_id");
        if (id == null) { // Such a port may be refused at once: then another one that nobody listens on.
            id = given().contentType(ContentType.JSON)
                    .body("{\"url\":\"http://127.0.0.1:49151/hooks\"}")
                    .post("/v1/endpoints")
                    .then()
                    .statusCode(201)
                    .extract()
                    .path("endpoint_id");
        }
        String endpoint = "/v1/endpoints/" + id;
        String webhookId = given().post(endpoint + "/test")
                .then()
                .statusCode(200)
                .body("delivered", equalTo(false))
                .body("status", nullValue())
                .body("webhook_id", startsWith("msg_"))
                .extract()
                .path("webhook_id");
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> given().get(endpoint + "/attempts")
                .then()
                .statusCode(200)
                .rootPath("attempts.find { it.webhook_id == '" + webhookId + "' }") // It is told of others' as well.
                .body("event", equalTo("endpoint.test"))
                .body("transaction_id", nullValue()));
        given().delete(endpoint).then().statusCode(204);
    }

    @Test
    void an_endpoint_whose_secret_cannot_be_opened_is_not_tried() {
        String id = new EndpointRows(dataSource).paused();
        given().post("/v1/endpoints/" + id + "/test").then().statusCode(409).contentType("application/problem+json");
    }

    @Test
    void an_endpoint_that_is_not_there_is_not_found() {
        for (String id : new String[] {"ep_none", "Not%00An%20Id"}) {
            given().urlEncodingEnabled(false)
                    .post("/v1/endpoints/" + id + "/test")
                    .then()
                    .statusCode(404)
                    .body("detail", equalTo("Endpoint not found"));
        }
    }
}
