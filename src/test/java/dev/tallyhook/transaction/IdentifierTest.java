package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdentifierTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"a", "txn_abc123", "a/b c%?#", "שלום", "...", " ", "\u2028", "\uFFFD", "\uFEFFx", "e\u0301"})
    void any_unicode_text_is_an_identifier(String value) {
        assertNull(Identifier.violationAsId(value));
    }

    @Test
    void length_counts_characters_and_not_utf_16_units() {
        assertNull(Identifier.violationAsId("😀".repeat(255)));
        assertNotNull(Identifier.violationAsId("😀".repeat(256)));
        assertNotNull(Identifier.violationAsId("a".repeat(256)));
        assertNotNull(Identifier.violationAsId("a".repeat(60_000)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\u0000",
                "a\u0000b",
                "a\nb",
                "\u001F",
                "\u007F",
                "\u0085",
                "\u009F",
                "\uD800",
                "\uDC00",
                "\uDC00\uD800",
                "a\uD83D",
                "\uD83Da"
            })
    void control_characters_and_halves_of_characters_are_not(String value) {
        assertNotNull(Identifier.violation(value));
    }

    @Test
    void a_dot_segment_is_an_account_but_no_id() {
        assertNull(Identifier.violation("."));
        assertNull(Identifier.violation(".."));
        assertNotNull(Identifier.violationAsId("."));
        assertNotNull(Identifier.violationAsId(".."));
    }

    @Test
    void in_a_log_no_id_breaks_a_line_or_looks_like_another() {
        assertEquals("txn_1 שלום 😀", Identifier.printable("txn_1 שלום 😀"));
        assertEquals("a\\u{A}b", Identifier.printable("a\nb"));
        assertEquals("\\u{202E}txn\\u{2028}\\u{200B}", Identifier.printable("\u202Etxn\u2028\u200B"));
        assertEquals("\\\\u{202E}", Identifier.printable("\\u{202E}"));
        assertEquals("\\u{D800}", Identifier.printable("\uD800"));
    }
}
