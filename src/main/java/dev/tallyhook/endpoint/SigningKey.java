package dev.tallyhook.endpoint;

import java.util.Base64;
import java.util.Optional;

/** One key that signs. It does not show itself: only {@link #secret} says what it is. */
sealed interface SigningKey permits SharedKey, PrivateKey {

    /** Of what is shown of a key. */
    int HINT_LENGTH = 4;

    /** The label and the signature of these parts, one after the other. */
    String sign(byte[] head, byte[] body);

    /** As Standard Webhooks writes it; to be sealed, or told to its owner once. */
    String secret();

    /** What tells it from others, and opens nothing: its prefix and its last characters. */
    String hint();

    /** What the other side checks signatures with, if that is no secret. */
    Optional<String> publicKey();

    /**
     * What is in Base64 behind a prefix.
     *
     * @throws IllegalArgumentException if it has another prefix, or is no Base64
     */
    static byte[] decode(String prefix, String text) {
        if (!text.startsWith(prefix)) {
            throw new IllegalArgumentException("must start with " + prefix);
        }
        try {
            return Base64.getDecoder().decode(text.substring(prefix.length()));
        } catch (IllegalArgumentException notBase64) {
            throw new IllegalArgumentException("must be Base64 after " + prefix);
        }
    }

    /** A prefix and the last characters of what is behind it. */
    static String hint(String prefix, String text) {
        return prefix + "…" + text.substring(text.length() - HINT_LENGTH);
    }
}
