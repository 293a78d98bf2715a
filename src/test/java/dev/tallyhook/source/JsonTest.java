package dev.tallyhook.source;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            10.00 | 10.00
            9007199254740993 | 9007199254740993
            0.1 | 0.1
            1e3 | 1000
            -0 | 0
            1e999999999 | 1E+999999999
            1e-999999999 | 1E-999999999
            "10.00" | 10.00
            "" | -
            null | -
            true | -
            {} | -
            [] | -
            """)
    void a_number_keeps_its_digits_and_everything_else_is_absent(String value, @Nullable String text) {
        assertEquals(text, read("{\"a\":" + value + "}").orElseThrow().text("/a"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "[]", "1", "{\"a\":1,\"a\":2}", "{} {}", "{\"a\":01}", "{\"a\":NaN}", "{\"a\":1e99999999999}"
            })
    void what_is_no_object_that_can_be_read_is_none(String body) {
        assertTrue(read(body).isEmpty());
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "1795820000, 2026-11-27T22:53:20Z",
                "1795820000123, 2026-11-27T22:53:20.123Z",
                "2026-11-27T10:00:00+01:00, 2026-11-27T09:00:00Z",
                "2026-11-27T10:00:00.0000000Z, 2026-11-27T10:00:00Z",
                "'', -",
                "-1, -",
                "now, -",
                "9999999999999999, -"
            })
    void a_time_is_seconds_or_milliseconds_or_rfc_3339(String text, @Nullable Instant time) {
        assertEquals(time, Json.parseTime(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"c\"", "{\"id\":\"c\",\"object\":\"customer\"}"})
    void a_reference_is_a_string_or_an_object_with_an_id(String value) {
        Json body = read("{\"a\":" + value + "}").orElseThrow();
        assertEquals("c", body.reference("/a"));
        assertNull(body.reference("/b"));
    }

    private static Optional<Json> read(String body) {
        return Json.object(body.getBytes(StandardCharsets.UTF_8));
    }
}
