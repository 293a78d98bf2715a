package dev.tallyhook.packaged;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tallyhook.source.SchemeSender;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.IntPredicate;

/** Requests to sources of every scheme: with whatever body, signed by who knows the secret or by who does not, and changed after that. */
final class FuzzedEvents {

    private static final List<SchemeSender> SENDERS = SchemeSender.all();

    /** What stands in JSON, forms and XML for other things than itself. */
    private static final List<String> PARTS = List.of(
            "\"",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "null",
            "-",
            "1e999999999",
            "\\ud800",
            "\\u0000",
            "&",
            "=",
            "%",
            "%00",
            "<",
            "</",
            "<!DOCTYPE",
            "&#0;",
            "]]>",
            "99999999999999999999999999");

    private final List<byte[]> corpus;

    /** Of these bodies, and of those that providers send. */
    FuzzedEvents(List<byte[]> corpus) {
        this.corpus = corpus;
    }

    Fuzz.Request next(Random random) {
        SchemeSender sender = SENDERS.get(random.nextInt(SENDERS.size()));
        byte[] told = told(sender, random);
        return switch (random.nextInt(8)) {
            case 0, 1, 2 -> request(sender, "signed", sender.sign(told), status -> status == 200);
            case 3, 4 -> request(sender, "signed wrongly", sender.signWrongly(told), status -> status == 401);
            case 5 ->
                request(
                        sender,
                        "not signed",
                        new SchemeSender.Signed("", Map.of(), sender.sign(told).body()),
                        status -> status == 401
                                || (status == 200 && sender.scheme().matches("adyen|braintree")));
            case 6 -> request(sender, "body changed", withBody(sender.sign(told), random), FuzzedEvents::isDecided);
            default ->
                request(
                        sender,
                        "headers changed",
                        withHeaders(sender.sign(told), random),
                        // HTTP's own refusal of a URL that is none, because of a character in its query.
                        status -> isDecided(status) || status == 400);
        };
    }

    private static boolean isDecided(int status) {
        return status == 200 || status == 401;
    }

    private byte[] told(SchemeSender sender, Random random) {
        byte[] body = random.nextInt(4) == 0
                ? corpus.get(random.nextInt(corpus.size()))
                : sender.sample().getBytes(UTF_8);
        for (int i = random.nextInt(5); i > 0; i--) {
            body = random.nextBoolean() ? Fuzz.mutate(body, random) : withPart(body, random);
        }
        return body;
    }

    private static byte[] withPart(byte[] body, Random random) {
        int at = random.nextInt(body.length + 1);
        byte[] part = PARTS.get(random.nextInt(PARTS.size())).getBytes(UTF_8);
        byte[] more = new byte[body.length + part.length];
        System.arraycopy(body, 0, more, 0, at);
        System.arraycopy(part, 0, more, at, part.length);
        System.arraycopy(body, at, more, at + part.length, body.length - at);
        return more;
    }

    private static SchemeSender.Signed withBody(SchemeSender.Signed signed, Random random) {
        return new SchemeSender.Signed(signed.query(), signed.headers(), Fuzz.mutate(signed.body(), random));
    }

    /** One of them, or the query: a character is another one, doubled or left out, or the whole is missing, empty, long or there twice. */
    private static SchemeSender.Signed withHeaders(SchemeSender.Signed signed, Random random) {
        var headers = new LinkedHashMap<>(signed.headers());
        if (headers.isEmpty() || (!signed.query().isEmpty() && random.nextInt(3) == 0)) {
            String query = signed.query().isEmpty() ? "?" : signed.query();
            return new SchemeSender.Signed("?" + changed(query.substring(1), random), headers, signed.body());
        }
        String name = List.copyOf(headers.keySet()).get(random.nextInt(headers.size()));
        String value = headers.remove(name);
        switch (random.nextInt(8)) {
            case 0 -> {}
            case 1 -> headers.put(name, "");
            case 2 -> headers.put(name, value.repeat(1 + 4_000 / (value.length() + 1)));
            case 3 -> {
                headers.put(name, value);
                headers.put(
                        name.toUpperCase(Locale.ROOT).equals(name)
                                ? name.toLowerCase(Locale.ROOT)
                                : name.toUpperCase(Locale.ROOT),
                        value);
            }
            default -> headers.put(name, changed(value, random));
        }
        return new SchemeSender.Signed(signed.query(), headers, signed.body());
    }

    /** What may stand in a line of a head all the same. */
    private static String changed(String value, Random random) {
        if (value.isEmpty()) {
            return "x";
        }
        int at = random.nextInt(value.length());
        String before = value.substring(0, at);
        String after = value.substring(at + 1);
        char other = (char) ('!' + random.nextInt('~' - '!' + 1));
        return switch (random.nextInt(3)) {
            case 0 -> before + other + after;
            case 1 -> before + value.charAt(at) + value.charAt(at) + after;
            default -> before + after;
        };
    }

    /** PayPal's certificate cannot be fetched here, so nobody knows whether what has the form of a signature is one. */
    private static Fuzz.Request request(
            SchemeSender sender, String kind, SchemeSender.Signed signed, IntPredicate isRight) {
        boolean isPayPal = sender.scheme().equals("paypal");
        var head = new StringBuilder("POST " + sender.path() + signed.query() + " HTTP/1.1\r\nHost: localhost\r\n");
        if (!signed.headers().containsKey("Content-Type")) {
            head.append("Content-Type: application/json\r\n");
        }
        signed.headers()
                .forEach((name, value) ->
                        head.append(name).append(": ").append(value).append("\r\n"));
        return new Fuzz.Request(
                sender.scheme() + ", " + kind,
                Fuzz.request(head.toString(), signed.body()),
                isPayPal ? status -> status == 401 || status == 503 : isRight);
    }
}
