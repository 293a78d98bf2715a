package dev.tallyhook.endpoint;

import static io.restassured.RestAssured.given;

import dev.tallyhook.ReadersKnown;
import io.restassured.response.ValidatableResponse;
import io.restassured.specification.RequestSpecification;
import java.nio.charset.StandardCharsets;

/** What operators ask of endpoints, with a token that may. */
final class EndpointRequests {

    static final String PATH = "/v1/endpoints";
    static final String URL = "https://example.com/hooks?token=very-secret";

    private EndpointRequests() {}

    static RequestSpecification as(String token) {
        return given().header("Authorization", "Bearer " + token);
    }

    static ValidatableResponse make(String body) {
        return send(body, "application/json").post(PATH).then();
    }

    /** The id of one that is new. */
    static String made() {
        return make("{\"url\":\"" + URL + "\"}").statusCode(201).extract().path("endpoint_id");
    }

    static ValidatableResponse change(String id, String patch) {
        return send(patch, "application/merge-patch+json")
                .patch(PATH + "/" + id)
                .then();
    }

    static ValidatableResponse rotate(String id, String body) {
        return send(body, "application/json")
                .post(PATH + "/" + id + "/secret/rotate")
                .then();
    }

    static ValidatableResponse remove(String id) {
        return as(ReadersKnown.WRITER).delete(PATH + "/" + id).then();
    }

    static ValidatableResponse read(String id, String token) {
        return as(token).get(PATH + "/" + id).then();
    }

    private static RequestSpecification send(String body, String type) {
        return as(ReadersKnown.WRITER).header("Content-Type", type).body(body.getBytes(StandardCharsets.UTF_8));
    }
}
