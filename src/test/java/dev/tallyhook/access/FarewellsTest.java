package dev.tallyhook.access;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FarewellsTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Java-http-client/17.0.17",
                "Java-http-client/17.0.20.1",
                "Java-http-client/21.0.8",
                "Java-http-client/21.0.10",
                "Java-http-client/24.0.1",
                "Java-http-client/25",
                "Java-http-client/25.0.1",
                "Java-http-client/26-ea",
                "node",
                "curl/8.5.0",
                "Svix-Webhooks/1.0"
            })
    void who_handles_a_goaway_is_sent_one(String userAgent) {
        assertTrue(Farewells.understandsGoAway(userAgent));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Java-http-client/11.0.20",
                "Java-http-client/17.0.15",
                "Java-http-client/17.0.2",
                "Java-http-client/17",
                "Java-http-client/21.0.7",
                "Java-http-client/21.0.1",
                "Java-http-client/23.0.2",
                "Java-http-client/"
            })
    void a_client_of_java_that_would_fail_what_is_under_way_is_sent_none(String userAgent) {
        assertFalse(Farewells.understandsGoAway(userAgent));
    }

    @Test
    void who_does_not_say_what_it_is_is_sent_one() {
        assertTrue(Farewells.understandsGoAway(null));
    }
}
