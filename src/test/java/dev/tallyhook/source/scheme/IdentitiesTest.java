package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IdentitiesTest {

    @Test
    void plain_parts_are_joined() {
        assertEquals("charge:confirmed~1", Identities.of("charge:confirmed", "1"));
        assertEquals("id", Identities.of("id"));
        assertEquals("~b", Identities.of("", "b"));
    }

    @Test
    void other_parts_never_meet() {
        List<String[]> all = List.of(
                new String[] {"a", "b"},
                new String[] {"a~b"},
                new String[] {"a", "b", ""},
                new String[] {"", "a", "b"},
                new String[] {"a~", "b"},
                new String[] {"a", "~b"},
                new String[] {"a b"},
                new String[] {"a", " b"},
                new String[] {"a ", "b"},
                new String[] {"1:a", "b"},
                new String[] {"a\n", "b"},
                new String[] {"\u00E4", "b"},
                new String[] {""},
                new String[] {"x".repeat(1000)},
                new String[] {"x".repeat(1001)});
        Set<String> identities = new HashSet<>();
        all.forEach(parts -> assertTrue(identities.add(Identities.of(parts))));
        identities.forEach(identity -> assertTrue(identity.length() <= 160));
    }
}
