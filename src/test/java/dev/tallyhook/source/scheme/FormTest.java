package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FormTest {

    private static Optional<Form> read(String body) {
        return Form.read(body.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void fields_are_decoded_in_the_order_in_which_they_came() {
        assertEquals(
                List.of(
                        new Form.Field("b", "1 2"),
                        new Form.Field("a", "\u20ac+&="),
                        new Form.Field("a", ""),
                        new Form.Field("", "x=y|")),
                read("b=1+2&a=%E2%82%ac%2B%26%3D&a=&=x=y|").orElseThrow().fields());
        assertEquals(List.of(), read("").orElseThrow().fields());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "a&b=1",
                "a=1&",
                "&a=1",
                "a=1&&b=2",
                "a=%",
                "a=%4",
                "a=%4&b=1",
                "a=%zz",
                "a=%-1",
                "%=1",
                "a=\u00e9",
                "a=%e9",
                "a=%ff",
                "a=%c0%80",
                "a=%ed%a0%80",
                "a=1 2",
                "a=1\n",
                "a=\u0000",
                "a=\u007f",
                "&",
                "a=%\u00b2\u00b2"
            })
    void what_two_readers_could_take_differently_is_no_form(String body) {
        assertEquals(Optional.empty(), read(body));
    }

    @Test
    void a_value_is_what_came_once_and_is_not_empty() {
        Form form = read("a=1&b=1&b=1&c=").orElseThrow();
        assertEquals("1", form.text("a"));
        assertNull(form.text("b"));
        assertNull(form.text("c"));
        assertNull(form.text("d"));
    }

    @Test
    void a_form_has_at_most_a_thousand_fields() {
        assertTrue(read("a=b&".repeat(999) + "a=b").isPresent());
        assertTrue(read("a=b&".repeat(1000) + "a=b").isEmpty());
    }
}
