package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RawRequestTest {

    private static final Map<String, String> HEADERS =
            new TreeMap<>(Map.of(":query", "data.id=1&type=x", "content-type", "text/plain", "x-odd", "a: b: \u00e4"));

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 8191, 8192, 8193, 1_000_000})
    void any_bytes_come_back_as_they_were(int length) {
        byte[] body = new byte[length];
        new Random(length).nextBytes(body);
        RawRequest restored = RawRequest.decompress(RawRequest.compress(HEADERS, body));
        assertArrayEquals(body, restored.body());
        assertEquals(HEADERS, restored.headers());
    }

    @Test
    void a_body_that_begins_as_a_header_does_is_a_body() {
        byte[] body = "\nname: value\n\n".getBytes(StandardCharsets.UTF_8);
        RawRequest restored = RawRequest.decompress(RawRequest.compress(Map.of(), body));
        assertArrayEquals(body, restored.body());
        assertEquals(Map.of(), restored.headers());
    }

    @Test
    void what_is_cut_off_or_of_a_later_version_is_told() {
        byte[] compressed = RawRequest.compress(HEADERS, "body".repeat(100).getBytes(StandardCharsets.UTF_8));
        assertThrows(
                IllegalStateException.class,
                () -> RawRequest.decompress(Arrays.copyOf(compressed, compressed.length / 2)));
        compressed[0] = 2;
        assertThrows(IllegalStateException.class, () -> RawRequest.decompress(compressed));
    }

    @Test
    void words_that_events_have_in_common_take_no_room() {
        byte[] body =
                "{\"id\":\"evt_\",\"object\":\"event\",\"livemode\":true,\"pending_webhooks\":1,\"type\":\"payment_intent.succeeded\"}"
                        .getBytes(StandardCharsets.UTF_8);
        int length = RawRequest.compress(Map.of("content-type", "application/json"), body).length;
        assertTrue(length < body.length / 2, () -> length + " bytes");
    }

    /** Rows that were compressed with it cannot be read with another. */
    @Test
    void the_dictionary_is_what_it_always_was() throws Exception {
        try (InputStream file = RawRequest.class.getResourceAsStream("raw-dictionary-1.txt")) {
            assertEquals(
                    "98e523c4d807702dc4db6280d36910a6b77a14e7395e2c90e97e573c92309328",
                    HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(file.readAllBytes())));
        }
    }
}
