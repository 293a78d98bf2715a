package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Verdict;
import io.vertx.core.MultiMap;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Whoever follows Standard Webhooks, with whatever body: {@code webhook-signature: v1,…}, HMAC-SHA256 in Base64 over
 * {@code webhook-id}, {@code webhook-timestamp} and the body, with full stops between. The key is what is in Base64 behind the
 * secret's {@code whsec_}. Other versions than {@code v1} are ignored, {@code v1a} of public keys as well. Svix, whose headers these were
 * first, still calls them {@code svix-…} unless it is told otherwise; where both come they must be the same.
 *
 * <p>The identity is {@code webhook-id} unless {@code id} is set; type and time stand where Standard Webhooks advises, unless they are
 * set. A body that is no JSON is told by its id alone, so that an id with a full stop in it cannot be cut at another place: what
 * would be left of the body then is no JSON.
 *
 * @see <a href="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md">Standard
 *     Webhooks</a>
 */
final class StandardWebhooks implements Scheme {

    private static final String ID = "webhook-id";
    private static final String TIMESTAMP = "webhook-timestamp";
    private static final String SIGNATURE = "webhook-signature";
    private static final String SVIX_ID = "svix-id";
    private static final String SVIX_TIMESTAMP = "svix-timestamp";
    private static final String SVIX_SIGNATURE = "svix-signature";
    private static final String SECRET = "whsec_";
    private static final String VERSION = "v1,";
    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    /** In bytes, as the specification has it. */
    private static final int SECRET_LENGTH_MIN = 24;

    private static final int SECRET_LENGTH_MAX = 64;

    /** All that may stand in the header, of whatever versions. */
    private static final int PARTS_MAX = 32;

    private static final Pattern BASE64 = Pattern.compile("[A-Za-z0-9+/]+=*");

    /** What another version looks like is for that version to say. */
    private static final Pattern OF_ANOTHER_VERSION = Pattern.compile("[!-~]+");

    /** What stands for none that counts, so that it is held against the keys all the same. */
    private static final List<String> NONE = List.of("");

    private final SchemeContext context;
    private final Credentials<Hmac> keys;
    private final Duration tolerance;
    private final Pointers pointers;
    private final boolean isIdUsual;

    StandardWebhooks(SchemeContext context) {
        this.context = context;
        this.keys = context.secrets(StandardWebhooks::key);
        this.tolerance = context.tolerance(TOLERANCE);
        // In an order, because a setting that names another header is told them.
        Set<String> signedHeaders = new LinkedHashSet<>(List.of(ID, SVIX_ID));
        this.pointers = new Pointers(context, signedHeaders, Optional.of("/type"), Optional.of("/timestamp"));
        this.isIdUsual = context.config().id().isEmpty();
    }

    private static Hmac key(String secret) {
        if (!secret.startsWith(SECRET)) {
            throw new IllegalArgumentException("must start with whsec_");
        }
        byte[] key;
        try {
            key = Base64.getDecoder().decode(secret.substring(SECRET.length()));
        } catch (IllegalArgumentException notBase64) {
            throw new IllegalArgumentException("must be Base64 after whsec_");
        }
        if (key.length < SECRET_LENGTH_MIN || key.length > SECRET_LENGTH_MAX) {
            throw new IllegalArgumentException("must have 24 to 64 bytes after whsec_ is decoded");
        }
        return Hmac.ofBytes(key, Hmac.SHA256);
    }

    @Override
    public Verdict verify(Delivery delivery) {
        String id = id(delivery);
        String timestamp = delivery.header(TIMESTAMP, SVIX_TIMESTAMP);
        boolean isTimestamp = SignatureHeader.isTimestamp(timestamp);
        byte[] head = Hmac.bytes(id + "." + timestamp + ".");
        String signatures = delivery.header(SIGNATURE, SVIX_SIGNATURE);
        boolean fits = Hmac.anyFitsBase64(keys.current(), signatures(signatures), head, delivery.body());
        boolean isOfNow = context.isOfNow(isTimestamp ? Long.parseLong(timestamp) : 0, tolerance);
        return Verdict.of(fits && isOfNow && isTimestamp && !id.isEmpty());
    }

    /** Those of the version that counts; none if there are too many, or if one of them is malformed. */
    private static List<String> signatures(String header) {
        List<String> signatures = new ArrayList<>();
        String[] parts = header.split(" ", PARTS_MAX + 1);
        for (String part : parts) {
            boolean counts = part.startsWith(VERSION);
            String signature = counts ? part.substring(VERSION.length()) : part;
            if (!(counts ? BASE64 : OF_ANOTHER_VERSION).matcher(signature).matches()) {
                return NONE;
            }
            if (counts) {
                signatures.add(signature);
            }
        }
        boolean tooMany = parts.length > PARTS_MAX || signatures.size() > SignatureHeader.SIGNATURES_MAX;
        return tooMany || signatures.isEmpty() ? NONE : signatures;
    }

    private static String id(Delivery delivery) {
        return delivery.header(ID, SVIX_ID);
    }

    /** A setting may name the id by either name, and finds it under both. */
    @Override
    public List<Event> events(Delivery delivery) {
        String id = id(delivery);
        MultiMap headers = MultiMap.caseInsensitiveMultiMap().add(ID, id).add(SVIX_ID, id);
        return List.of(pointers.event(new Delivery(headers, delivery.query(), delivery.body()), id, isIdUsual));
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(ID, TIMESTAMP, SIGNATURE, SVIX_ID, SVIX_TIMESTAMP, SVIX_SIGNATURE);
    }
}
