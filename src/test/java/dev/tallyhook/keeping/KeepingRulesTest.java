package dev.tallyhook.keeping;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeepingRulesTest {

    record Settings(
            Optional<String> keep,
            String rememberIds,
            Optional<String> archiveTo,
            Optional<String> keepRequests,
            Optional<String> keepConflicts,
            Optional<String> keepDeadLetters)
            implements KeepingConfig {

        static Settings keeping(String age) {
            return new Settings(
                    Optional.of(age), "P30D", Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"P7Y", "P90D", "P1Y6M", "P2W", "PT36H", "P1DT12H", "PT1S", "P1000Y"})
    void a_time_of_the_calendar_or_of_the_clock_is_one(String age) {
        assertEquals(List.of(), KeepingRules.problems(Settings.keeping(age)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "P",
                "PT",
                "90",
                "90d",
                "P90",
                "P-1D",
                "-P1D",
                "P1.5D",
                "PT1.5S",
                "P1M1Y",
                "PT1S1H",
                "p90d",
                "P1001Y",
                "P9999Y",
                "P1D'; DROP TABLE gone",
                "P1D "
            })
    void what_is_none_is_told_with_what_would_be_right(String age) {
        assertEquals(
                List.of("tallyhook.ledger.keep must be an ISO 8601 duration, such as P7Y, P90D or PT36H, and is "
                        + age),
                KeepingRules.problems(Settings.keeping(age)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"P0D", "PT0S", "P0Y0M"})
    void to_keep_nothing_at_all_is_no_mistake_to_make_by_accident(String age) {
        assertEquals(
                List.of("tallyhook.ledger.keep must be longer than none; to keep for ever, leave it out"),
                KeepingRules.problems(Settings.keeping(age)));
    }

    @Test
    void ids_need_not_be_remembered_and_each_setting_is_told_of() {
        assertEquals(
                List.of(),
                KeepingRules.problems(new Settings(
                        Optional.of("P1D"),
                        "PT0S",
                        Optional.of("/archive"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty())));
        assertEquals(
                6,
                KeepingRules.problems(new Settings(
                                Optional.empty(),
                                "x",
                                Optional.of("relative/path"),
                                Optional.of("y"),
                                Optional.of("PT0S"),
                                Optional.of("PT999999999H")))
                        .size());
    }
}
