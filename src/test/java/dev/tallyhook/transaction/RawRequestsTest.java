package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RawRequestsTest {

    private static final SortedMap<String, String> HEADERS =
            new TreeMap<>(Map.of(":query", "data.id=1&type=x", "content-type", "text/plain", "x-odd", "a: b: \u00e4"));

    private static RawRequest request(byte[] body) {
        return RawRequest.of(HEADERS, body);
    }

    private static byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 8191, 8192, 8193, 1_000_000})
    void any_bytes_come_back_as_they_were_from_each_place(int length) {
        List<byte[]> bodies = List.of(randomBytes(3), randomBytes(length), new byte[0], randomBytes(70_000));
        byte[] stored = RawRequests.compress(
                bodies.stream().map(RawRequestsTest::request).toList());
        for (int place = 0; place < bodies.size(); place++) {
            RawRequest restored = RawRequests.read(stored, place);
            assertArrayEquals(bodies.get(place), restored.body());
            assertEquals(HEADERS, restored.headers());
        }
        assertThrows(IllegalStateException.class, () -> RawRequests.read(stored, bodies.size()));
    }

    @Test
    void a_body_that_begins_as_a_header_does_is_a_body() {
        byte[] body = "\nname: value\n\n".getBytes(StandardCharsets.UTF_8);
        RawRequest restored = RawRequests.read(RawRequests.compress(List.of(RawRequest.of(new TreeMap<>(), body))), 0);
        assertArrayEquals(body, restored.body());
        assertEquals(Map.of(), restored.headers());
    }

    @Test
    void what_is_cut_off_or_of_a_later_version_is_told() {
        byte[] stored = RawRequests.compress(List.of(request("body".repeat(100).getBytes(StandardCharsets.UTF_8))));
        assertThrows(IllegalStateException.class, () -> RawRequests.read(Arrays.copyOf(stored, stored.length / 2), 0));
        stored[0] = 3;
        assertThrows(IllegalStateException.class, () -> RawRequests.read(stored, 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"7fffffff0a", "ffffffff0a", "000000020a", "0000"})
    void what_is_not_as_long_as_it_says_is_told(String damaged) throws IOException {
        var stored = new ByteArrayOutputStream();
        stored.write(2);
        var deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        try (InputStream file = RawRequests.class.getResourceAsStream("raw-dictionary-1.txt");
                var compressed = new DeflaterOutputStream(stored, deflater)) {
            deflater.setDictionary(file.readAllBytes());
            compressed.write(HexFormat.of().parseHex(damaged));
        } finally {
            deflater.end();
        }
        assertThrows(IllegalStateException.class, () -> RawRequests.readAll(stored.toByteArray()));
    }

    /** Each of them alone, and in a table of its own. */
    @Test
    void what_the_version_of_before_kept_is_read() {
        RawRequest restored =
                RawRequests.read(HexFormat.of().parseHex("01436db4950053927e410eb0da01b531e0a161a8540b00"), 0);
        assertArrayEquals("{\"id\":\"evt_1\"}".getBytes(StandardCharsets.UTF_8), restored.body());
        assertEquals(Map.of("content-type", "text/plain"), restored.headers());
    }

    @Test
    void words_that_events_have_in_common_take_no_room() {
        int length = RawRequests.compress(List.of(event("evt_"))).length;
        assertTrue(length < 90, () -> length + " bytes");
    }

    @Test
    void what_events_have_in_common_stands_once() {
        int alone = RawRequests.compress(List.of(event("evt_0"))).length;
        int together = RawRequests.compress(IntStream.range(0, 20)
                        .mapToObj(number -> event("evt_" + number))
                        .toList())
                .length;
        assertTrue(together < 6 * alone, () -> together + " bytes of 20, " + alone + " of one");
    }

    private static RawRequest event(String id) {
        return RawRequest.of(
                new TreeMap<>(Map.of("content-type", "application/json")),
                ("{\"id\":\"" + id
                                + "\",\"object\":\"event\",\"livemode\":true,\"pending_webhooks\":1,\"type\":\"payment_intent.succeeded\"}")
                        .getBytes(StandardCharsets.UTF_8));
    }

    /** Rows that were compressed with it cannot be read with another. */
    @Test
    void the_dictionary_is_what_it_always_was() throws Exception {
        try (InputStream file = RawRequests.class.getResourceAsStream("raw-dictionary-1.txt")) {
            assertEquals(
                    "98e523c4d807702dc4db6280d36910a6b77a14e7395e2c90e97e573c92309328",
                    HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(file.readAllBytes())));
        }
    }
}
