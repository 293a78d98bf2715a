package dev.tallyhook;

import static io.restassured.RestAssured.given;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who does not want to tell what the API is, and says who may read, switches that off; the API stays. */
@QuarkusTest
@TestProfile(ReadersKnown.class)
class DocsDisabledTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/openapi",
                "/openapi.json",
                "/openapi.yaml",
                "/docs",
                "/docs/",
                "/docs/index.html",
                "/docs/docs.js"
            })
    void nothing_is_there(String path) {
        given().redirects().follow(false).get(path).then().statusCode(404).contentType("application/problem+json");
    }

    @Test
    void the_api_is_there_all_the_same() {
        given().get("/").then().statusCode(200);
    }
}
