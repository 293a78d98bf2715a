package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class WantedByTest {

    private static final Pattern FILTER = Pattern.compile("\\be\\.\\w+");

    private static Set<String> filters(String condition) {
        return FILTER.matcher(condition)
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Or an endpoint that has but the one that is missing would be told everything. */
    @Test
    void whoever_has_no_filters_has_none_of_those_that_are_asked_for() {
        assertEquals(filters(WantedBy.SQL), filters(WantedBy.NO_FILTERS));
    }
}
