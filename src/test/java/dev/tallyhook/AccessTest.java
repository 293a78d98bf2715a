package dev.tallyhook;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.startsWith;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tallyhook.access.AccessConfig;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.restassured.http.ContentType;
import io.restassured.http.Header;
import io.restassured.http.Headers;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.ConfigProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who reads and who does not, where tokens are configured, and what is open to everybody. */
@QuarkusTest
@TestProfile(DocumentedService.Profile.class)
class AccessTest {

    private static final String TOKEN = DocumentedService.TOKEN;

    private static final String OTHER_TOKEN = DocumentedService.OTHER_TOKEN;

    @TestHTTPResource
    URI root;

    @Inject
    AccessConfig config;

    @Test
    void each_token_reads() {
        for (String token : List.of(TOKEN, OTHER_TOKEN)) {
            given().header("Authorization", "bearer " + token)
                    .get("/v1/transactions/none")
                    .then()
                    .statusCode(404)
                    .header("Cache-Control", "no-store");
        }
    }

    @Test
    void a_token_with_another_right_reads_as_well() {
        for (String token :
                List.of(DocumentedService.HOLD_TOKEN, DocumentedService.RAW_TOKEN, DocumentedService.WRITE_TOKEN)) {
            given().header("Authorization", "Bearer " + token)
                    .get("/v1/transactions/none")
                    .then()
                    .statusCode(404);
        }
    }

    static Stream<List<Header>> strangers() {
        return Stream.of(
                List.of(),
                List.of(authorization("Bearer " + TOKEN + "x")),
                List.of(authorization("Bearer " + TOKEN.substring(1))),
                List.of(authorization("Bearer ")),
                List.of(authorization("Bearer")),
                List.of(authorization(TOKEN)),
                List.of(authorization("Basic " + TOKEN)),
                List.of(authorization("Bearer " + TOKEN), authorization("Bearer " + TOKEN)),
                List.of(authorization("Bearer " + Senders.SECRET)));
    }

    private static Header authorization(String value) {
        return new Header("Authorization", value);
    }

    @ParameterizedTest
    @MethodSource("strangers")
    void who_shows_no_token_reads_nothing(List<Header> headers) {
        given().headers(new Headers(headers))
                .get("/v1/transactions/none")
                .then()
                .statusCode(401)
                .header("WWW-Authenticate", startsWith("Bearer"))
                .contentType("application/problem+json")
                .body("title", equalTo("Unauthorized"), "status", equalTo(401));
    }

    @Test
    void no_way_of_writing_a_path_leads_past_the_token() throws IOException {
        List<String> open = new ArrayList<>();
        for (String path : List.of(
                "/v1/transactions/none",
                "//v1/transactions/none",
                "/v1//transactions/none",
                "/v1/./transactions/none",
                "/v1/x/../transactions/none",
                "/v1;x=y/transactions/none",
                "/v1/transactions;x/none",
                "/V1/transactions/none",
                "/v1/transactions%2Fnone",
                "/%76%31/transactions/none",
                "/v1/%74ransactions/none",
                "/v1/webhooks/transactions/../../transactions/none",
                "/v1/webhooks/transactions/%2e%2e/%2e%2e/transactions/none",
                "/v1/webhooks/transactions;/../../transactions/none",
                "/?/v1/transactions/none/../../../v1/transactions/none",
                "/v1/transactions/none?",
                "http://localhost/v1/transactions/none")) {
            String status = raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    .split(" ", 3)[1];
            if (!status.equals("401") && !(status.equals("200") && path.startsWith("/?"))) {
                open.add(path + ": " + status);
            }
        }
        assertEquals(List.of(), open);
    }

    /** A signature lets a source in, and nothing else: what stands beside the sources is not open with them. */
    @Test
    void no_way_of_writing_the_path_of_a_source_leads_past_the_token() throws IOException {
        List<String> open = new ArrayList<>();
        for (String path : List.of(
                "/v1/webhooks/shop/../../transactions/none",
                "/v1/webhooks/../transactions/none",
                "/v1/webhooks/%2e%2e/transactions/none",
                "/v1/webhooks/..;/transactions/none",
                "/v1/webhooks/..;x=y/transactions/none",
                "/v1/webhooks/.%2e;/transactions/none",
                "/v1/webhooks/..%2Ftransactions/none",
                "/v1/webhooks/..%5Ctransactions/none",
                "/v1/webhooks;/../transactions/none",
                "/v1/webhooks/shop/%2e%2e/%2e%2e/transactions/none",
                "/v1/webhooks/shop;/../../transactions/none",
                "/v1/webhooks//../../transactions/none",
                "/v1/webhooks/./../transactions/none",
                "//v1/webhooks/../transactions/none")) {
            for (String request : List.of("GET " + path, "GET " + path + "/raw", "POST " + path + "/hold")) {
                String answer =
                        raw(request + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                String status = answer.split(" ", 3)[1];
                boolean isNowhere = status.matches("40[45]")
                        && (answer.contains("There is nothing at this path") || answer.contains("does not take this"));
                if (!status.equals("401") && !isNowhere) {
                    open.add(request + ": " + answer);
                }
            }
        }
        assertEquals(List.of(), open);
    }

    @Test
    void a_source_needs_a_signature_and_no_token() {
        var webhook = given().contentType(ContentType.JSON).body("{}");
        webhook.post("/v1/webhooks/shop").then().statusCode(401).header("WWW-Authenticate", equalTo("Webhook"));
        webhook.post("/v1/webhooks/nobody").then().statusCode(404);
    }

    @Test
    void the_probe_is_open() {
        given().get("/").then().statusCode(200);
    }

    @Test
    void who_lists_the_configuration_is_not_told_secrets() {
        for (String name : List.of("tallyhook.webhook.secrets", "tallyhook.api.tokens")) {
            assertThrows(
                    SecurityException.class, () -> ConfigProvider.getConfig().getConfigValue(name), name);
        }
        assertFalse(
                config.toString().contains(TOKEN) || config.webhook().toString().contains("whsec_"));
    }

    @Test
    void no_answer_tells_what_the_service_is_made_of() throws IOException {
        for (String request : List.of(
                "GET / HTTP/1.1",
                "GET /none HTTP/1.1",
                "GET /%zz HTTP/1.1",
                "PATCH / HTTP/1.1",
                "GET / HTTP/9.9",
                "nonsense")) {
            String answer = raw(request + "\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    .toLowerCase(java.util.Locale.ROOT);
            for (String word :
                    List.of("quarkus", "vert", "netty", "java", "server:", "x-powered-by", "exception", "tallyhook/")) {
                org.hamcrest.MatcherAssert.assertThat(request, answer, not(org.hamcrest.Matchers.containsString(word)));
            }
        }
    }

    private String raw(String request) throws IOException {
        try (var socket = new Socket(root.getHost(), root.getPort())) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
