package dev.tallyhook.intake;

import dev.tallyhook.source.Characters;
import dev.tallyhook.source.Delivery;
import io.vertx.core.MultiMap;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A request as its sender signed it: {@code id.timestamp.body}, and the signatures that came with it. Whatever is missing,
 * twice, or not the same under both of its names is empty here and makes it {@code malformed}, so that checking takes the same
 * steps for every request.
 *
 * <p>That an id may have a full stop in it does no harm: a timestamp is digits alone, and no body that is taken starts with a
 * digit, so no other cut of the same bytes can pass.
 */
final class SignedContent {

    /** Signatures in one header: senders that rotate send two or three, and each costs time. */
    static final int SIGNATURES_MAX = 8;

    /** Those among them that are ed25519's, because each costs a thousand times as much. */
    static final int ASYMMETRIC_MAX = 3;

    private static final int TIMESTAMP_DIGITS_MAX = 12;

    /** What Standard Webhooks calls its headers. */
    private static final String STANDARD = "webhook-";

    /** What Svix, whose headers they were first, still calls them. */
    private static final String SVIX = "svix-";

    private static final String ID = "id";
    private static final String TIMESTAMP = "timestamp";
    private static final String SIGNATURE = "signature";

    /** {@code id.timestamp.} */
    final byte[] head;

    final byte[] body;

    /** In seconds since the epoch. */
    final long timestamp;

    /** Signatures labelled {@code v1}, in Base64. */
    final List<byte[]> shared = new ArrayList<>();

    /** Signatures labelled {@code v1a}, in Base64. */
    final List<byte[]> asymmetric = new ArrayList<>();

    /** Whether a header is missing, twice, different under its two names, or beyond its limits. */
    final boolean malformed;

    SignedContent(MultiMap headers, byte[] body) {
        var delivery = new Delivery(headers, null, body);
        String id = single(delivery, ID);
        String seconds = single(delivery, TIMESTAMP);
        String[] signatures = single(delivery, SIGNATURE).split(" ", SIGNATURES_MAX + 1);
        for (String signature : signatures) {
            if (signature.startsWith("v1,")) {
                shared.add(bytes(signature.substring(3)));
            } else if (signature.startsWith("v1a,") && asymmetric.size() < ASYMMETRIC_MAX) {
                asymmetric.add(bytes(signature.substring(4)));
            } // Other labels are of versions to come.
        }
        this.head = bytes(id + "." + seconds + ".");
        this.body = body;
        this.timestamp = isTimestamp(seconds) ? Long.parseLong(seconds) : 0;
        this.malformed = id.isEmpty() || !isTimestamp(seconds) || signatures.length > SIGNATURES_MAX;
    }

    /** Each header may come under either name: what is signed does not depend on it. */
    private static String single(Delivery delivery, String name) {
        return delivery.header(STANDARD + name, SVIX + name);
    }

    private static boolean isTimestamp(String text) {
        return !text.isEmpty() && text.length() <= TIMESTAMP_DIGITS_MAX && Characters.all(text, Characters::isDigit);
    }

    /** The bytes as they came: a header is decoded byte by byte. */
    private static byte[] bytes(String header) {
        return header.getBytes(StandardCharsets.ISO_8859_1);
    }
}
