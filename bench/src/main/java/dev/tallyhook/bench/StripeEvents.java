package dev.tallyhook.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.Deflater;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signed {@code payment_intent.succeeded} events, set as Stripe sets them. From one to the next all differs that does at Stripe: ids,
 * keys, times, amounts, people and addresses. Names are of random letters, which compress less than real ones.
 */
final class StripeEvents {

    static final String SECRET = "whsec_tallyhook_benchmark_secret";

    private static final String DIGITS = "0123456789";
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyz";
    private static final String HEX = "0123456789abcdef";
    private static final String BASE_62 = DIGITS + LETTERS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    /** A place for a name, from an alphabet, of a length; what has one name has one value. */
    private static final Pattern PLACE = Pattern.compile("<(\\w+):(\\w+):(\\d+)>");

    private static final String NOW = "now";
    private static final int NOW_LENGTH = 10;
    private static final int SIGNATURE_LENGTH = 64;
    private static final int SAMPLES = 1_000;

    private static final String BODY =
            """
            {
              "id": "evt_3<event:base62:23>",
              "object": "event",
              "api_version": "2026-07-29.dahlia",
              "created": <now:digits:10>,
              "data": {
                "object": {
                  "id": "pi_3<intent:base62:23>",
                  "object": "payment_intent",
                  "amount": 1<amount:digits:4>,
                  "amount_capturable": 0,
                  "amount_details": {
                    "tip": {}
                  },
                  "amount_received": 1<amount:digits:4>,
                  "application": null,
                  "application_fee_amount": null,
                  "automatic_payment_methods": {
                    "allow_redirects": "always",
                    "enabled": true
                  },
                  "canceled_at": null,
                  "cancellation_reason": null,
                  "capture_method": "automatic_async",
                  "client_secret": "pi_3<intent:base62:23>_secret_<secret:base62:25>",
                  "confirmation_method": "automatic",
                  "created": <now:digits:10>,
                  "currency": "eur",
                  "customer": "cus_<customer:base62:14>",
                  "description": "Order <order:digits:8> of <first:letters:6> <last:letters:8>",
                  "last_payment_error": null,
                  "latest_charge": "ch_3<charge:base62:23>",
                  "livemode": true,
                  "metadata": {
                    "order_id": "<order:digits:8>",
                    "cart_id": "<cart:hex:32>",
                    "channel": "web",
                    "customer_number": "<number:digits:7>"
                  },
                  "next_action": null,
                  "on_behalf_of": null,
                  "payment_method": "pm_1<method:base62:23>",
                  "payment_method_configuration_details": {
                    "id": "pmc_1NbenchBenchBenchBench42",
                    "parent": null
                  },
                  "payment_method_options": {
                    "card": {
                      "installments": null,
                      "mandate_options": null,
                      "network": null,
                      "request_three_d_secure": "automatic"
                    }
                  },
                  "payment_method_types": [
                    "card"
                  ],
                  "processing": null,
                  "receipt_email": "<first:letters:6>.<last:letters:8>@example.com",
                  "review": null,
                  "setup_future_usage": null,
                  "shipping": {
                    "address": {
                      "city": "<city:letters:9>",
                      "country": "DE",
                      "line1": "<street:letters:10>weg <house:digits:2>",
                      "line2": null,
                      "postal_code": "<post:digits:5>",
                      "state": null
                    },
                    "carrier": null,
                    "name": "<first:letters:6> <last:letters:8>",
                    "phone": "+49<phone:digits:10>",
                    "tracking_number": null
                  },
                  "source": null,
                  "statement_descriptor": null,
                  "statement_descriptor_suffix": null,
                  "status": "succeeded",
                  "transfer_data": null,
                  "transfer_group": null
                }
              },
              "livemode": true,
              "pending_webhooks": 1,
              "request": {
                "id": "req_<request:base62:14>",
                "idempotency_key": "<key1:hex:8>-<key2:hex:4>-4<key3:hex:3>-a<key4:hex:3>-<key5:hex:12>"
              },
              "type": "payment_intent.succeeded"
            }""";

    /** Where a value stands, which is the same in all places. */
    private record Field(String alphabet, int length, List<Integer> places) {}

    private final SplittableRandom random = new SplittableRandom();
    private final Map<String, Field> fields = new LinkedHashMap<>();
    private final Mac mac;
    private final byte[] request;
    private final int bodyAt;
    private final int timestampAt;
    private final int signatureAt;

    /**
     * Makes the first.
     *
     * @param source whose name the service knows, with {@link #SECRET}
     */
    StripeEvents(String source) throws GeneralSecurityException {
        mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(SECRET.getBytes(StandardCharsets.US_ASCII), "HmacSHA256"));
        byte[] body = bodyWithPlaces();
        String head = "POST /v1/webhooks/" + source + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n"
                + "Accept: */*; q=0.5, application/xml\r\nCache-Control: no-cache\r\nContent-Type: application/json; charset=utf-8\r\n"
                + "Stripe-Signature: t=" + " ".repeat(NOW_LENGTH) + ",v1=" + " ".repeat(SIGNATURE_LENGTH) + "\r\n"
                + "Content-Length: " + body.length + "\r\n\r\n";
        bodyAt = head.length();
        timestampAt = head.indexOf("t= ") + 2;
        signatureAt = head.indexOf("v1= ") + 3;
        request = Arrays.copyOf(head.getBytes(StandardCharsets.US_ASCII), bodyAt + body.length);
        System.arraycopy(body, 0, request, bodyAt, body.length);
    }

    private byte[] bodyWithPlaces() {
        var body = new StringBuilder();
        Matcher place = PLACE.matcher(BODY);
        while (place.find()) {
            int length = Integer.parseInt(place.group(3));
            place.appendReplacement(body, " ".repeat(length));
            fields.computeIfAbsent(place.group(1), name -> new Field(alphabet(place.group(2)), length, new ArrayList<>()))
                    .places()
                    .add(body.length() - length);
        }
        return place.appendTail(body).toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static String alphabet(String name) {
        return switch (name) {
            case "digits" -> DIGITS;
            case "letters" -> LETTERS;
            case "hex" -> HEX;
            case "base62" -> BASE_62;
            default -> throw new IllegalArgumentException(name);
        };
    }

    ByteBuffer next() {
        byte[] now = Long.toString(System.currentTimeMillis() / 1_000).getBytes(StandardCharsets.US_ASCII);
        fields.forEach((name, field) -> fill(field, name.equals(NOW) ? now : value(field)));
        System.arraycopy(now, 0, request, timestampAt, NOW_LENGTH);
        mac.update(now);
        mac.update((byte) '.');
        mac.update(request, bodyAt, request.length - bodyAt);
        byte[] signature = HexFormat.of().formatHex(mac.doFinal()).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(signature, 0, request, signatureAt, SIGNATURE_LENGTH);
        return ByteBuffer.wrap(request);
    }

    private byte[] value(Field field) {
        byte[] value = new byte[field.length()];
        for (int i = 0; i < value.length; i++) {
            value[i] = (byte) field.alphabet().charAt(random.nextInt(field.alphabet().length()));
        }
        return value;
    }

    private void fill(Field field, byte[] value) {
        for (int place : field.places()) {
            System.arraycopy(value, 0, request, bodyAt + place, value.length);
        }
    }

    int bodySize() {
        return request.length - bodyAt;
    }

    /** What a body takes on average by deflate alone (RFC 1951), as its libraries compress unless told otherwise. */
    double deflatedSize() {
        long all = 0;
        for (int i = 0; i < SAMPLES; i++) {
            next();
            var deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
            deflater.setInput(request, bodyAt, bodySize());
            deflater.finish();
            all += deflater.deflate(new byte[request.length + 64]);
            deflater.end();
        }
        return (double) all / SAMPLES;
    }
}
