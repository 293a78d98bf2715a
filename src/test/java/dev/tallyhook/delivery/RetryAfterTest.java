package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RetryAfterTest {

    private static final Clock OURS = Clock.fixed(Instant.parse("2026-11-28T12:00:00Z"), ZoneOffset.UTC);

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            30                            |                               | PT30S
            ' 120 '                       |                               | PT2M
            86400                         |                               | PT24H
            9999999999                    |                               | PT24H
            Sat, 28 Nov 2026 12:01:00 GMT |                               | PT1M
            Sat, 28 Nov 2026 12:01:00 GMT | Sat, 28 Nov 2026 12:00:30 GMT | PT30S
            Sat, 28 Nov 2026 09:00:10 GMT | Sat, 28 Nov 2026 09:00:00 GMT | PT10S
            Saturday, 28-Nov-26 12:01:00 GMT |                            | PT1M
            Sat Nov 28 12:01:00 2026      |                               | PT1M
            Sat, 28 Nov 2026 12:01:00 GMT | yesterday                     | PT1M
            Sun, 28 Nov 2038 12:01:00 GMT |                               | PT24H
            """)
    void both_forms_are_read_and_bounded(String retryAfter, String date, Duration expected) {
        assertEquals(Optional.of(expected), RetryAfter.of(retryAfter, date, OURS));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "-1",
                "",
                "soon",
                "1.5",
                "99999999999",
                "Sat, 28 Nov 2026 11:59:00 GMT",
                "Sat, 99 Nov 2026 12:01:00 GMT",
                "1e9"
            })
    void what_asks_for_nothing_or_cannot_be_read_is_as_if_it_were_not_there(String retryAfter) {
        assertEquals(Optional.empty(), RetryAfter.of(retryAfter, null, OURS));
    }

    @Test
    void an_answer_need_not_have_one() {
        assertEquals(Optional.empty(), RetryAfter.of(null, null, OURS));
    }
}
