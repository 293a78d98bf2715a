package dev.tallyhook;

import static io.restassured.RestAssured.given;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who does not want to tell what the API is switches that off; the API stays. */
@QuarkusTest
@TestProfile(DocsDisabledTest.Disabled.class)
class DocsDisabledTest {

    /** As an operator sets it, who also says who gets in. */
    public static final class Disabled implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            Map<String, String> closed = new HashMap<>(new DocumentedService.Profile().getConfigOverrides());
            closed.put("tallyhook.docs.enabled", "false");
            return closed;
        }
    }

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
