package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Twilio: {@code X-Twilio-Signature}, HMAC-SHA1 in Base64 over the URL as it is set at Twilio, with the query of the request and
 * without a fragment, and then the name and the value of each field, in the order of their bytes and each only once. Twilio writes the port
 * into the URL or leaves it out, so both are tried. Of a body that is no form the URL says the SHA-256 in {@code bodySHA256}, and the
 * URL alone is signed. A key that Twilio calls shared signs with SHA-256, and a header says so.
 *
 * <p>Names and values are joined by nothing, so whoever has seen a delivery can move letters from one field to the next while their order stays
 * the same; what somebody wrote in a message could so become a field. Twilio tells of no money, and nothing is to be booked on its word.
 *
 * <p>A message's id and status are its event's identity. A call asks for instructions several times in one status, so all of its fields
 * count, unless it numbers its events.
 *
 * <p>Not confirmed: the form of the settings header, parts joined by commas of which one is {@code algorithm=HMAC_SHA256}, which is read in
 * Twilio's library for Node.js alone (6.3.1). That library also tries the URL decoded and encoded again; here it is taken as it came.
 *
 * @see <a href="https://www.twilio.com/docs/usage/security#validating-requests">Twilio: validating requests</a>
 */
final class Twilio implements Scheme {

    private static final String SIGNATURE = "x-twilio-signature";
    private static final String SETTINGS = "x-twilio-webhooks-signature-settings";
    private static final String BODY_DIGEST = "bodySHA256=";
    private static final int SETTINGS_PARTS_MAX = 8;

    private static final Pattern URL = Pattern.compile(
            "(https?)(://(?:[^/?#@\\s]+@)?(?:[A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+]))(:\\d{1,5})?(/[!-~&&[^?#]]*)");

    private static final Comparator<byte[]> BY_BYTES = Arrays::compareUnsigned;

    /** One secret, for either algorithm. */
    private record Keys(Hmac sha1, Hmac sha256) {}

    /** What a signature is held against. */
    private record Signed(Optional<Form> form, boolean isBodyRight) {}

    private final Credentials<Keys> keys;
    private final List<String> urls;

    Twilio(SchemeContext context) {
        this.keys =
                context.secrets(secret -> new Keys(Hmac.ofText(secret, Hmac.SHA1), Hmac.ofText(secret, Hmac.SHA256)));
        String url = context.require("url", context.config().url(), "where Twilio posts to, which it signs");
        Matcher parts = URL.matcher(url);
        if (!parts.matches()) {
            throw context.refuse(
                    "url",
                    "must be the URL that is set at Twilio, from https:// to its path, without a query and a fragment");
        }
        String port = parts.group(3) != null ? parts.group(3) : parts.group(1).equals("https") ? ":443" : ":80";
        this.urls = List.of(
                parts.group(1) + parts.group(2) + parts.group(4),
                parts.group(1) + parts.group(2) + port + parts.group(4));
    }

    @Override
    public Verdict verify(Delivery delivery) {
        String query = delivery.query();
        Signed signed = signed(delivery);
        byte[] fields = fields(signed.form().orElse(new Form(List.of())));
        String algorithm = algorithm(delivery.header(SETTINGS));
        List<Hmac> tried = keys.current().stream()
                .map(each -> Hmac.SHA256.equals(algorithm) ? each.sha256() : each.sha1())
                .toList();
        boolean fits = false;
        for (String url : urls) {
            byte[] whole = (query == null ? url : url + "?" + query).getBytes(StandardCharsets.UTF_8);
            fits |= Hmac.anyFitsBase64(tried, delivery.header(SIGNATURE), whole, fields);
        }
        return Verdict.of(fits && signed.form().isPresent() && signed.isBodyRight() && algorithm != null);
    }

    /** The fields that count; none of a body whose digest the URL has. */
    private static Signed signed(Delivery delivery) {
        List<String> digests = digests(delivery);
        if (digests.isEmpty()) {
            return new Signed(Form.read(delivery.body()), true);
        }
        return new Signed(
                Optional.of(new Form(List.of())),
                digests.size() == 1 && Hmac.same(sha256(delivery.body()), digests.get(0)));
    }

    private static List<String> digests(Delivery delivery) {
        String query = delivery.query();
        return query == null
                ? List.of()
                : Arrays.stream(query.split("&", -1))
                        .filter(part -> part.startsWith(BODY_DIGEST))
                        .map(part -> part.substring(BODY_DIGEST.length()))
                        .toList();
    }

    private static String sha256(byte[] body) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }

    /** As they are signed. */
    private static byte[] fields(Form form) {
        var sorted = new TreeSet<Form.Field>(Comparator.comparing((Form.Field field) -> bytes(field.name()), BY_BYTES)
                .thenComparing(field -> bytes(field.value()), BY_BYTES));
        sorted.addAll(form.fields());
        var text = new StringBuilder();
        sorted.forEach(field -> text.append(field.name()).append(field.value()));
        return bytes(text.toString());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** The one that the settings name; SHA-1 if there are none; null if it is not known. */
    private static @Nullable String algorithm(String settings) {
        if (settings.isEmpty()) {
            return Hmac.SHA1;
        }
        String[] parts = settings.split(",", SETTINGS_PARTS_MAX + 1);
        List<String> named = Arrays.stream(parts)
                .filter(part -> part.startsWith("algorithm="))
                .toList();
        if (parts.length > SETTINGS_PARTS_MAX) {
            return null;
        }
        return named.equals(List.of("algorithm=HMAC_SHA256"))
                ? Hmac.SHA256
                : named.equals(List.of("algorithm=HMAC_SHA1")) ? Hmac.SHA1 : null;
    }

    @Override
    public List<Event> events(Delivery delivery) {
        byte[] body = delivery.body();
        if (!digests(delivery).isEmpty()) {
            return List.of(
                    Event.ofBytes(body, Json.object(body).isPresent() ? Unmapped.UNKNOWN_TYPE : Unmapped.UNREADABLE));
        }
        return List.of(Form.read(body)
                .map(form -> event(form, body))
                .orElseGet(() -> Event.ofBytes(body, Unmapped.UNREADABLE)));
    }

    private static Event event(Form form, byte[] body) {
        String message = first(form, "MessageSid", "SmsSid");
        String call = form.text("CallSid");
        String status = message != null ? first(form, "MessageStatus", "SmsStatus") : form.text("CallStatus");
        if (message == null && call == null) {
            return Event.ofBytes(body, Unmapped.NO_IDENTITY).to(form.text("AccountSid"));
        }
        String identity = message != null && status != null
                ? DerivedIdentity.of(message, status)
                : DerivedIdentity.of(message != null ? message : call, status, sequence(form));
        Event event = Event.of(identity)
                .ofType((message != null ? "message" : "call") + (status == null ? "" : "." + status))
                .about(message != null ? message : call)
                .to(form.text("AccountSid"))
                .at(time(form.text("Timestamp")));
        return status == null ? event.because(Unmapped.UNKNOWN_TYPE) : event;
    }

    private static String sequence(Form form) {
        String number = form.text("SequenceNumber");
        return number != null ? number : Event.digest(fields(form));
    }

    private static @Nullable String first(Form form, String one, String other) {
        String first = form.text(one);
        return first != null ? first : form.text(other);
    }

    /** RFC 1123, as in the events of calls. */
    private static @Nullable Instant time(@Nullable String text) {
        try {
            return text == null
                    ? null
                    : OffsetDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                            .toInstant();
        } catch (DateTimeParseException none) {
            return null;
        }
    }

    /** No instructions: what every kind of webhook may be answered with. */
    @Override
    public Answer success() {
        return new Answer(200, "text/xml", "<Response/>");
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE, SETTINGS);
    }
}
