package dev.tallyhook.source.scheme;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A body of {@code application/x-www-form-urlencoded} (WHATWG's URL Standard, section 5), read strictly: where two readers could
 * take it differently, it is none.
 *
 * @param fields in the order in which they came
 */
record Form(List<Field> fields) {

    /** Senders have 20 to 50. */
    private static final int FIELDS_MAX = 1000;

    record Field(String name, String value) {}

    /** The fields of a body; none of an empty one. Nothing if it is malformed, has too many, or is not UTF-8. */
    static Optional<Form> read(byte[] body) {
        List<Field> fields = new ArrayList<>();
        int from = 0;
        while (from < body.length) {
            int to = find(body, '&', from, body.length);
            int equals = find(body, '=', from, to);
            String name = equals == to ? null : decode(body, from, equals);
            String value = name == null ? null : decode(body, equals + 1, to);
            // A body that ends with an ampersand has a last field that is empty.
            if (name == null || value == null || fields.size() == FIELDS_MAX || to == body.length - 1) {
                return Optional.empty();
            }
            fields.add(new Field(name, value));
            from = to + 1;
        }
        return Optional.of(new Form(List.copyOf(fields)));
    }

    private static int find(byte[] body, char wanted, int from, int to) {
        int at = from;
        while (at < to && body[at] != wanted) {
            at++;
        }
        return at;
    }

    private static @Nullable String decode(byte[] body, int from, int to) {
        var bytes = new ByteArrayOutputStream(to - from);
        for (int at = from; at < to; at++) {
            int each = body[at];
            if (each == '%') {
                if (at + 2 >= to || Character.digit(body[at + 1], 16) < 0 || Character.digit(body[at + 2], 16) < 0) {
                    return null;
                }
                bytes.write((Character.digit(body[at + 1], 16) << 4) | Character.digit(body[at + 2], 16));
                at += 2;
            } else if (each <= ' ' || each >= 127) {
                return null;
            } else {
                bytes.write(each == '+' ? ' ' : each);
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException notUtf8) {
            return null;
        }
    }

    /** The field's value; null if it is missing, empty, or came more than once, because then nobody knows which one was meant. */
    @Nullable
    String text(String name) {
        List<String> values = fields.stream()
                .filter(field -> field.name().equals(name))
                .map(Field::value)
                .toList();
        return values.size() == 1 && !values.get(0).isEmpty() ? values.get(0) : null;
    }

    @Override
    public String toString() {
        return "Form[" + fields.size() + "]";
    }
}
