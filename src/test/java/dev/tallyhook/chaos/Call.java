package dev.tallyhook.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tallyhook.Webhooks;
import dev.tallyhook.source.SchemeSender;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a sender has to tell by one request: a webhook of the built-in source, or a provider's event or many. Accounts and subjects are
 * made of the id, so that a row that mixes two of them up shows.
 *
 * @param source null if it is the built-in one
 * @param id of the transaction, or where there are several what the ids of all of them begin with: {@code <id>-<number>}, from 0
 * @param events how many, whose ids have numbers; 0 if it is one whose id has none
 * @param amount null if it has none
 */
record Call(
        @Nullable String source,
        String id,
        int events,
        @Nullable String amount) {

    private static final SchemeSender STRIPE = SchemeSender.of("stripe");
    private static final SchemeSender GOCARDLESS = SchemeSender.of("gocardless");

    static final String OF_STRIPE = STRIPE.source() + ":evt_";
    static final String OF_GOCARDLESS = GOCARDLESS.source() + ":EV";

    /** As many as GoCardless puts into one call. */
    private static final int EVENTS_MAX = 250;

    private static final int EVENTS_USUAL = 8;

    /** A full call is one of so many; {@link #full} makes more of them where it matters. */
    private static final int FULL = 100;

    /** What every replica must be told. A clock that a fault sets an hour wrong must cost no signature, which would be refused rightly. */
    static Map<String, String> environment() {
        Map<String, String> all = new HashMap<>(STRIPE.environment());
        all.putAll(GOCARDLESS.environment());
        all.put("TALLYHOOK_SOURCES_STRIPE_TOLERANCE", "P1D");
        return all;
    }

    /** Of a hundred 80 to the built-in source, 18 of Stripe's and 2 of GoCardless', most of which have a few events. */
    static Call of(String key, String amount, Random random) {
        int sender = random.nextInt(100);
        if (sender < 80) {
            return new Call(null, "txn_" + key, 0, amount);
        }
        if (sender < 98) {
            return new Call(STRIPE.source(), OF_STRIPE + key, 0, amount);
        }
        return random.nextInt(FULL) == 0 ? full(key) : goCardless(key, 1 + random.nextInt(EVENTS_USUAL));
    }

    /** Of GoCardless', with as many events as there can be: what is likeliest to be stored in part. */
    static Call full(String key) {
        return goCardless(key, EVENTS_MAX);
    }

    private static Call goCardless(String key, int events) {
        return new Call(GOCARDLESS.source(), OF_GOCARDLESS + key, events, null);
    }

    /** The same id with another amount; of GoCardless, whose events have none, the same once more. */
    Call contradicted(String other) {
        return amount == null ? this : new Call(source, id, events, other);
    }

    /** One that can be asked for. */
    String transactionId() {
        return events == 0 ? id : id + "-" + (events - 1);
    }

    String path() {
        return source == null ? Webhooks.PATH : sender().path();
    }

    /** As it is sent this time: providers count in the body, and sign each retry anew. */
    SchemeSender.Signed request(int counter) {
        if (source == null) {
            return new SchemeSender.Signed("", Map.of(), body().getBytes(UTF_8));
        }
        return sender().sign((events == 0 ? stripeBody(counter) : goCardlessBody(counter)).getBytes(UTF_8));
    }

    private SchemeSender sender() {
        return STRIPE.source().equals(source) ? STRIPE : GOCARDLESS;
    }

    private String body() {
        return """
                {"transaction_id":"%1$s","source_account":"from_%1$s","destination_account":"to_%1$s","amount":%2$s,"currency":"INR"}""".formatted(id, amount);
    }

    private String stripeBody(int counter) {
        return """
                {"id":"evt_%1$s","object":"event","account":"acct_%1$s","created":1795820000,"type":"payment_intent.succeeded",\
                "pending_webhooks":%2$d,"data":{"object":{"id":"pi_%1$s","object":"payment_intent","amount":9,"amount_received":%3$s,\
                "currency":"usd","customer":"cus_%1$s"}}}""".formatted(
                        id.substring(OF_STRIPE.length()),
                        counter,
                        String.valueOf(amount).replace(".", ""));
    }

    private String goCardlessBody(int counter) {
        String key = id.substring(OF_GOCARDLESS.length());
        return IntStream.range(0, events)
                .mapToObj(number -> """
                        {"id":"EV%1$s","created_at":"2026-11-27T10:00:00.000Z","resource_type":"payments","action":"confirmed",\
                        "links":{"payment":"PM%1$s","customer":"CU%1$s","creditor":"CR%1$s"}}""".formatted(key + "-" + number))
                .collect(Collectors.joining(
                        ",", "{\"events\":[", "],\"meta\":{\"webhook_id\":\"WB%s-%d\"}}".formatted(key, counter)));
    }
}
