package dev.tallyhook.source.scheme;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What is signed of an item, and with what.
 *
 * @param fields the eight, in the order of their signature; empty if they are missing
 * @param isPlain whether none of what is read here came twice, so that nobody knows which one was meant
 */
record AdyenItem(List<String> fields, String signature, boolean isPlain) {

    /** From the item, by the names of its members. */
    static final List<String> SIGNED = List.of(
            "pspReference",
            "originalReference",
            "merchantAccountCode",
            "merchantReference",
            "amount.value",
            "amount.currency",
            "eventCode",
            "success");

    private static final int REFERENCE_FIELD = 3;

    private String text() {
        return String.join(":", fields);
    }

    byte[] signed() {
        return text().getBytes(StandardCharsets.UTF_8);
    }

    /** Half of a pair of surrogates has no bytes of its own: it would be signed as a question mark is. */
    boolean canBeSigned() {
        return isPlain && StandardCharsets.UTF_8.newEncoder().canEncode(text());
    }

    boolean isAmbiguous() {
        return IntStream.range(0, fields.size())
                .anyMatch(i -> i != REFERENCE_FIELD && fields.get(i).indexOf(':') >= 0);
    }

    String pspReference() {
        return fields.get(0);
    }

    String originalReference() {
        return fields.get(1);
    }

    String merchantAccount() {
        return fields.get(2);
    }

    String amount() {
        return fields.get(4);
    }

    String currency() {
        return fields.get(5);
    }

    String code() {
        return fields.get(6);
    }

    String success() {
        return fields.get(7);
    }

    /** One that is being read. */
    static final class Draft {

        private final String[] fields = new String[SIGNED.size()];
        private String signature = "";
        private boolean isPlain = true;

        Draft() {
            Arrays.fill(fields, "");
        }

        void field(String name, String value) {
            int index = SIGNED.indexOf(name);
            if (index >= 0) {
                fields[index] = value;
            }
        }

        void signature(String value) {
            signature = value;
        }

        void twice() {
            isPlain = false;
        }

        AdyenItem item() {
            return new AdyenItem(List.of(fields), signature, isPlain);
        }
    }

    @Override
    public String toString() {
        return "AdyenItem";
    }
}
