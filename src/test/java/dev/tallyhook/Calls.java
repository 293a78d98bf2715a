package dev.tallyhook;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.matchesPattern;

import io.restassured.RestAssured;
import io.restassured.config.EncoderConfig;
import io.restassured.config.RestAssuredConfig;
import io.restassured.http.ContentType;
import io.restassured.response.Response;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.nio.charset.StandardCharsets;

/** What a sender and a reader send, and what a problem looks like. */
final class Calls {

    private Calls() {}

    static ValidatableResponse assertProblem(ValidatableResponse answer, int status, String title) {
        return answer.statusCode(status)
                .contentType("application/problem+json")
                .body("type", is("about:blank"))
                .body("title", is(title))
                .body("status", is(status))
                .body("detail", matchesPattern("(?s).{5,}"));
    }

    static RestAssuredConfig plain() {
        return RestAssured.config()
                .encoderConfig(EncoderConfig.encoderConfig()
                        .appendDefaultContentCharsetToContentTypeIfUndefined(false)
                        .encodeContentTypeAs("application/jsonp", ContentType.TEXT)
                        .encodeContentTypeAs("application/x-www-form-urlencoded", ContentType.TEXT));
    }

    static RequestSpecification json() {
        return given().config(plain()).contentType("application/json");
    }

    static ValidatableResponse post(String body) {
        return json().body(body.getBytes(StandardCharsets.UTF_8))
                .post(Webhooks.PATH)
                .then();
    }

    static Response get(String transactionId) {
        return given().urlEncodingEnabled(false).get(Webhooks.transactionPath(transactionId));
    }
}
