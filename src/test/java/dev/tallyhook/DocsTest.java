package dev.tallyhook;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.RestAssured;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
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

    @ParameterizedTest
    @ValueSource(strings = {"/openapi.json", "/openapi.yaml", "/openapi"})
    void who_asks_for_the_documents_head_alone_is_answered_it(String path) {
        String type = given().get(path).contentType();
        given().head(path).then().statusCode(200).contentType(type);
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

    @ParameterizedTest
    @ValueSource(strings = {"/docs", "/dashboard"})
    void the_parts_that_a_page_names_are_there(String page) {
        Pattern.compile("(?:href|src)=\"([a-z][^\"]+)\"")
                .matcher(given().get(page).asString())
                .results()
                .forEach(part -> given().get("/" + part.group(1)).then().statusCode(200));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "swagger-ui/{swagger-ui.version}/swagger-ui-bundle.js",
                "uplot/{uplot.version}/dist/uPlot.min.css"
            })
    void a_library_of_a_page_comes_compressed_or_plain_as_its_reader_takes_it(String library) throws Exception {
        var version = Pattern.compile("<(swagger-ui|uplot)\\.version>(.+)<")
                .matcher(Files.readString(Path.of("pom.xml")))
                .results()
                .filter(property -> library.contains(property.group(1) + ".version"))
                .findFirst()
                .orElseThrow()
                .group(2);
        String path = "/webjars/" + library.replaceAll("\\{.+}", version);
        byte[] plain = read(path, "gzip;q=0, identity", null);
        byte[] compressed = read(path, "br, gzip", "gzip");
        assertTrue(compressed.length < plain.length, compressed.length + " of " + plain.length + " bytes");
        assertArrayEquals(plain, new GZIPInputStream(new ByteArrayInputStream(compressed)).readAllBytes());
    }

    private static byte[] read(String path, String accepted, String encoding) throws Exception {
        var answer = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://localhost:" + RestAssured.port + path))
                                .header("Accept-Encoding", accepted)
                                .build(),
                        HttpResponse.BodyHandlers.ofByteArray());
        assertEquals(200, answer.statusCode());
        assertEquals(encoding, answer.headers().firstValue("Content-Encoding").orElse(null));
        assertTrue(answer.headers().firstValue("Vary").orElse("").equalsIgnoreCase("Accept-Encoding"));
        return answer.body();
    }

    @Test
    void of_the_libraries_nothing_else_is_there() {
        given().get("/webjars/swagger-ui/5.31.0/swagger-ui.js").then().statusCode(404);
        given().get("/webjars/swagger-ui/5.31.0/index.html").then().statusCode(404);
    }
}
