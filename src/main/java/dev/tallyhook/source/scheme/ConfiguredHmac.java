package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Characters;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.SourcesConfig;
import dev.tallyhook.source.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Anybody who signs with an HMAC and whom nobody has written rules for: what the header is called, what is signed and where an event
 * has its parts are the source's settings, and each of them is checked at the start.
 *
 * <p>Where two headers of <code>signed</code> stand side by side, or with something between them that their values may have
 * too, the same bytes can be cut in two ways, and neither should be the event's id. What is on either side of the body cannot: a body
 * that is cut elsewhere is no JSON.
 */
final class ConfiguredHmac implements Scheme {

    private static final Map<String, String> ALGORITHMS =
            Map.of("sha1", Hmac.SHA1, "sha256", Hmac.SHA256, "sha512", Hmac.SHA512);

    /** What most senders allow. */
    private static final Duration TOLERANCE = Duration.ofMinutes(5);

    private static final Pattern PRINTABLE = Pattern.compile("[ -~]*");

    /** In digits: milliseconds have 13 until the year 2286. */
    private static final int TIMESTAMP_LENGTH_MAX = 13;

    private final SchemeContext context;
    private final String header;
    private final String prefix;
    private final boolean isBase64;
    private final Optional<String> timestampHeader;
    private final Duration tolerance;
    private final SignedTemplate signed;
    private final Pointers pointers;
    private final Credentials<Hmac> keys;

    ConfiguredHmac(SchemeContext context) {
        SourcesConfig.OfSource config = context.config();
        this.context = context;
        this.header = headerName("header", context.require("header", config.header(), "the one with the signature"));
        this.prefix = config.prefix().orElse("");
        if (!PRINTABLE.matcher(prefix).matches()) {
            throw context.refuse("prefix", "must be printable ASCII, such as sha256=");
        }
        this.isBase64 = context.oneOf("encoding", config.encoding(), List.of("hex", "base64"))
                .equals("base64");
        this.timestampHeader = config.timestampHeader().map(name -> headerName("timestamp-header", name));
        if (timestampHeader.isEmpty() && config.tolerance().isPresent()) {
            throw context.refuse("timestamp-header", "must be set too: a tolerance needs a time that is signed");
        }
        this.tolerance = context.tolerance(TOLERANCE);
        this.signed = new SignedTemplate(context, timestampHeader);
        context.require("id", config.id(), "where the event's own id stands, such as /id or header:x-event-id");
        this.pointers = new Pointers(context, signed.headers(), Optional.empty(), Optional.empty());
        String algorithm = context.oneOf("algorithm", config.algorithm(), List.of("sha1", "sha256", "sha512"));
        String written = context.oneOf("secret-encoding", config.secretEncoding(), List.of("text", "hex", "base64"));
        this.keys = context.secrets(secret -> key(secret, written, ALGORITHMS.getOrDefault(algorithm, Hmac.SHA256)));
    }

    private String headerName(String setting, String name) {
        if (!SignedTemplate.HEADER_NAME.matcher(name).matches()) {
            throw context.refuse(setting, "must be the name of a header, such as x-signature");
        }
        return name.toLowerCase(Locale.ROOT);
    }

    private static Hmac key(String secret, String written, String algorithm) {
        return switch (written) {
            case "hex" -> Hmac.ofHex(secret, algorithm);
            case "base64" -> Hmac.ofBase64(secret, algorithm);
            default -> Hmac.ofText(secret, algorithm);
        };
    }

    @Override
    public Verdict verify(Delivery delivery) {
        String value = delivery.header(header);
        String signature = value.startsWith(prefix) ? value.substring(prefix.length()) : "";
        byte[][] parts = signed.of(delivery);
        boolean fits = isBase64
                ? Hmac.anyFitsBase64(keys.current(), signature, parts)
                : Hmac.anyFitsHex(keys.current(), signature, parts);
        boolean isOfNow =
                timestampHeader.map(delivery::header).map(this::isOfNow).orElse(true);
        return Verdict.of(fits && signed.isWhole(delivery) && isOfNow);
    }

    private boolean isOfNow(String timestamp) {
        boolean isNumber = !timestamp.isEmpty()
                && timestamp.length() <= TIMESTAMP_LENGTH_MAX
                && Characters.all(timestamp, Characters::isDigit);
        long number = isNumber ? Long.parseLong(timestamp) : 0;
        return context.isOfNow(Json.epochSecond(number), tolerance);
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return List.of(pointers.event(delivery, null, false));
    }

    @Override
    public List<String> headersToKeep() {
        Set<String> kept = new LinkedHashSet<>(List.of(header));
        kept.addAll(signed.headers());
        return new ArrayList<>(kept);
    }
}
