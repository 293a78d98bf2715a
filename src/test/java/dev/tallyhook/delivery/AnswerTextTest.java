package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class AnswerTextTest {

    @Test
    void what_moves_a_cursor_or_cannot_be_stored_becomes_a_space() {
        byte[] bytes = "\u0000no\r\n\u001b[31m\u202egnp\u2028é😀\u0085 ".getBytes(StandardCharsets.UTF_8);
        assertEquals("no   [31m gnp é😀", AnswerText.of(bytes, bytes.length));
    }

    @Test
    void at_most_1024_characters_of_it_are_kept_and_none_is_halved() {
        assertEquals(1024, AnswerText.of("x".repeat(5000)).length());
        String emoji = AnswerText.of("x" + "😀".repeat(2000));
        assertEquals(1023, emoji.length());
        assertFalse(Character.isHighSurrogate(emoji.charAt(1022)));
    }

    @Test
    void what_is_no_utf_8_is_replaced() {
        assertEquals("a\ufffdb", AnswerText.of(new byte[] {'a', -1, 'b', 'c'}, 3));
    }
}
