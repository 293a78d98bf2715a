package dev.tallyhook.access;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.net.HostAndPort;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpsRedirectTest {

    @ParameterizedTest
    @CsvSource({
        "localhost:8000,   8000, 8443, https://localhost:8443/v1/x%2Fy?a=b&c",
        "10.0.0.7:8000,    8000, 443,  https://10.0.0.7/v1/x%2Fy?a=b&c",
        "[::1]:8000,       8000, 8443, https://[::1]:8443/v1/x%2Fy?a=b&c",
        "[2001:db8::1],    8000, 8443, https://[2001:db8::1]/v1/x%2Fy?a=b&c",
        "hooks.example,    8000, 8443, https://hooks.example/v1/x%2Fy?a=b&c",
        "hooks.example,    80,   8443, https://hooks.example:8443/v1/x%2Fy?a=b&c",
        "hooks.example,    80,   443,  https://hooks.example/v1/x%2Fy?a=b&c",
        "hooks.example:81, 8000, 8443, https://hooks.example:8443/v1/x%2Fy?a=b&c"
    })
    void who_came_to_a_published_port_is_sent_to_443_and_others_to_the_port_of_https(
            String host, int ownPort, int tlsPort, String location) {
        var authority = HostAndPort.parseAuthority(host, -1);
        assertEquals(location, HttpsRedirect.location(authority, ownPort, tlsPort, "/v1/x%2Fy", "a=b&c"));
    }

    @ParameterizedTest
    @CsvSource({"/, '', /?", "/a/../b, , /a/../b", "//evil.example/, , //evil.example/", "/%0d%0aX:y, ?, /%0d%0aX:y??"})
    void path_and_query_are_kept_as_they_are(String path, String query, String kept) {
        var authority = HostAndPort.create("localhost", 8000);
        assertEquals("https://localhost:8443" + kept, HttpsRedirect.location(authority, 8000, 8443, path, query));
    }
}
