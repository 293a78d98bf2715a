package dev.tallyhook.delivery;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** What a message is called in {@code webhook-id}: the same for every endpoint and every try, so that a receiver can tell a repetition. */
final class MessageId {

    /** In bytes, of the 32 that SHA-256 has: enough that no two messages ever share them. */
    private static final int LENGTH = 20;

    private MessageId() {}

    /**
     * The name of a message.
     *
     * @param type as the message has it, such as {@code transaction.processed}
     * @param id of what it tells of
     */
    static String of(String type, String id) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-256").digest((type + '\n' + id).getBytes(StandardCharsets.UTF_8));
            return "msg_" + HexFormat.of().formatHex(digest, 0, LENGTH);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }
}
