package dev.tallyhook;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the API is may be read by everyone, where everything else needs a token. */
@QuarkusTest
@TestProfile(DocumentedService.Profile.class)
class DocsTest {

    @ParameterizedTest
    @CsvSource({
        "/openapi.json,application/json",
        "/openapi.yaml,application/yaml",
        "/openapi,application/yaml",
        "/docs,text/html",
        "/docs/docs.js,text/javascript"
    })
    void it_is_open_without_a_token(String path, String type) {
        given().get(path).then().statusCode(200).header("Content-Type", startsWith(type));
        given().get("/v1/transactions").then().statusCode(401);
    }

    @Test
    void docs_has_one_address() {
        given().redirects().follow(false).get("/docs/").then().statusCode(308).header("Location", equalTo("../docs"));
    }

    @Test
    void the_page_shows_this_api_and_asks_nothing_of_other_sites() {
        given().get("/docs")
                .then()
                .body(containsString("<title>Tallyhook API</title>"))
                .body(containsString("docs/docs.js"))
                .body(not(containsString("http://")))
                .body(not(containsString("https://")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/docs", "/docs/index.html", "/docs/docs.js"})
    void its_policy_lets_nothing_in_but_its_own(String path) {
        String policy = given().get(path).header("Content-Security-Policy");
        assertTrue(policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"), policy);
        assertTrue(!policy.contains("unsafe"), policy);
    }

    @Test
    void the_parts_that_the_page_names_are_there() {
        Pattern.compile("(?:href|src)=\"([^\"]+)\"")
                .matcher(given().get("/docs").asString())
                .results()
                .forEach(part -> given().get("/" + part.group(1)).then().statusCode(200));
    }
}
