package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Amounts;
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
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Braintree: a form with {@code bt_payload}, which is XML in Base64, and {@code bt_signature}, which has a pair for each of the
 * merchant's API keys: {@code public|signature&public|signature}. Such a signature is HMAC-SHA1 in hexadecimal digits over the text of the payload with its
 * line breaks, under the SHA-1 of the private key. Some of Braintree's libraries sign the payload with one more line break than they give,
 * so both are tried.
 *
 * <p>Only pairs of the configured public keys count; while keys are exchanged {@code public-key} has the new and the old one, with a comma between
 * them, and {@code secrets} their private keys.
 *
 * <p>There is no id of an event: its kind, its time and what it speaks of make the identity. A transaction often has no currency, which is
 * then the merchant account's and not known here.
 *
 * <p>Not confirmed: the layout of {@code refund_failed}, which is read as the other events of transactions are.
 *
 * @see <a href="https://developer.paypal.com/braintree/docs/guides/webhooks/parse">Braintree: parse webhooks</a>
 */
final class Braintree implements Scheme {

    private static final Pattern PUBLIC_KEY = Pattern.compile("[!-~&&[^|&,]]{1,64}");
    private static final Pattern PAYLOAD = Pattern.compile("[A-Za-z0-9+/=\n]+");

    /** Every user of a merchant may have keys. */
    private static final int PAIRS_MAX = 64;

    private static final int PUBLIC_KEYS_MAX = 4;

    /**
     * Where it stands, from the subject on.
     *
     * @param about the element that all of it is in
     * @param amount null if there is none
     */
    private record Layout(
            String about,
            List<String> id,
            List<String> event,
            @Nullable String amount,
            @Nullable String currency) {

        static Layout of(String about, String... id) {
            return new Layout(about, List.of(id), List.of(id), null, null);
        }

        Layout worth(String value, String code) {
            return new Layout(about, id, event, value, code);
        }

        /** What the identity rests on, if it is not what the event is about. */
        Layout toldApartBy(String... other) {
            return new Layout(about, id, List.of(other), amount, currency);
        }
    }

    private static final Layout TRANSACTION = Layout.of("transaction", "id").worth("amount", "currency-iso-code");
    private static final Layout SUBSCRIPTION = Layout.of("subscription", "id");
    private static final Layout CHARGE =
            SUBSCRIPTION.worth("transactions/transaction/amount", "transactions/transaction/currency-iso-code");
    private static final Layout DISPUTE = Layout.of("dispute", "transaction/id", "id")
            .worth("amount", "currency-iso-code")
            .toldApartBy("id", "transaction/id");
    private static final Layout DISBURSEMENT =
            Layout.of("disbursement", "id").worth("amount", "merchant-account/currency-iso-code");

    private static final Map<String, Layout> LAYOUTS = Map.ofEntries(
            Map.entry("transaction_disbursed", TRANSACTION),
            Map.entry("transaction_settled", TRANSACTION),
            Map.entry("transaction_settlement_declined", TRANSACTION),
            Map.entry("refund_failed", TRANSACTION),
            Map.entry("transaction_reviewed", Layout.of("transaction-review", "transaction-id")),
            Map.entry("subscription_charged_successfully", CHARGE),
            Map.entry("subscription_charged_unsuccessfully", CHARGE),
            Map.entry("subscription_billing_skipped", SUBSCRIPTION),
            Map.entry("subscription_canceled", SUBSCRIPTION),
            Map.entry("subscription_expired", SUBSCRIPTION),
            Map.entry("subscription_trial_ended", SUBSCRIPTION),
            Map.entry("subscription_went_active", SUBSCRIPTION),
            Map.entry("subscription_went_past_due", SUBSCRIPTION),
            Map.entry("dispute_accepted", DISPUTE),
            Map.entry("dispute_auto_accepted", DISPUTE),
            Map.entry("dispute_disputed", DISPUTE),
            Map.entry("dispute_expired", DISPUTE),
            Map.entry("dispute_lost", DISPUTE),
            Map.entry("dispute_opened", DISPUTE),
            Map.entry("dispute_under_review", DISPUTE),
            Map.entry("dispute_won", DISPUTE),
            Map.entry("disbursement", DISBURSEMENT),
            Map.entry("disbursement_exception", DISBURSEMENT),
            Map.entry(
                    "local_payment_completed",
                    Layout.of("local-payment", "payment-id")
                            .worth("transaction/amount", "transaction/currency-iso-code")),
            Map.entry("local_payment_expired", Layout.of("local-payment-expired", "payment-id")));

    /** Those about something else than money. */
    private static final Set<String> NO_MONEY = Set.of(
            "account_updater_daily_report",
            "check",
            "connected_merchant_paypal_status_changed",
            "connected_merchant_status_transitioned",
            "granted_payment_method_revoked",
            "grantor_updated_granted_payment_method",
            "oauth_access_revoked",
            "partner_merchant_connected",
            "partner_merchant_declined",
            "partner_merchant_disconnected",
            "payment_method_customer_data_updated",
            "payment_method_revoked_by_customer",
            "recipient_updated_granted_payment_method",
            "sub_merchant_account_approved",
            "sub_merchant_account_declined");

    private final Credentials<Hmac> keys;
    private final List<String> publicKeys;

    Braintree(SchemeContext context) {
        this.keys = context.secrets(Braintree::key);
        this.publicKeys = Arrays.stream(context.require(
                                "public-key",
                                context.config().publicKey(),
                                "the public key beside the private one in secrets")
                        .split(",", -1))
                .map(String::strip)
                .toList();
        if (publicKeys.size() > PUBLIC_KEYS_MAX
                || !publicKeys.stream().allMatch(key -> PUBLIC_KEY.matcher(key).matches())) {
            throw context.refuse(
                    "public-key", "must be 1 to " + PUBLIC_KEYS_MAX + " public keys with commas between them");
        }
    }

    private static Hmac key(String privateKey) {
        if (privateKey.isEmpty()) {
            throw new IllegalArgumentException("must not be empty");
        }
        try {
            return Hmac.ofBytes(
                    MessageDigest.getInstance("SHA-1").digest(privateKey.getBytes(StandardCharsets.UTF_8)), Hmac.SHA1);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java has SHA-1", impossible);
        }
    }

    @Override
    public Verdict verify(Delivery delivery) {
        Optional<Form> form = Form.read(delivery.body());
        String payload = form.map(fields -> fields.text("bt_payload")).orElse("");
        boolean fits = false;
        for (String signature :
                signatures(form.map(fields -> fields.text("bt_signature")).orElse(""))) {
            fits |= Hmac.anyFitsHex(keys.current(), signature, Hmac.bytes(payload));
            fits |= Hmac.anyFitsHex(keys.current(), signature, Hmac.bytes(payload + "\n"));
        }
        return Verdict.of(fits && PAYLOAD.matcher(payload).matches());
    }

    /** Those of the configured keys; one that is none if there are none, so that the steps are the same. */
    private List<String> signatures(String header) {
        List<String> none = List.of("");
        String[] pairs = header.split("&", PAIRS_MAX + 1);
        Set<String> seen = new HashSet<>();
        if (pairs.length > PAIRS_MAX
                || !Arrays.stream(pairs).allMatch(pair -> pair.indexOf('|') > 0 && seen.add(publicKey(pair)))) {
            return none;
        }
        List<String> own = Arrays.stream(pairs)
                .filter(pair -> publicKeys.contains(publicKey(pair)))
                .map(pair -> pair.substring(pair.indexOf('|') + 1))
                .toList();
        return own.isEmpty() ? none : own;
    }

    private static String publicKey(String pair) {
        return pair.substring(0, pair.indexOf('|'));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        byte[] body = delivery.body();
        return List.of(Form.read(body)
                .map(form -> form.text("bt_payload"))
                .flatMap(Braintree::document)
                .map(Braintree::event)
                .orElseGet(() -> Event.ofBytes(body, Unmapped.UNREADABLE)));
    }

    /**
     * What a payload holds.
     *
     * @param digest of its bytes
     */
    private record Document(String digest, Xml notification) {}

    private static Optional<Document> document(String payload) {
        try {
            byte[] bytes = Base64.getDecoder().decode(payload.replace("\n", ""));
            return Xml.read(bytes)
                    .filter(root -> root.name().equals("notification"))
                    .map(root -> new Document(Event.digest(bytes), root));
        } catch (IllegalArgumentException notBase64) {
            return Optional.empty();
        }
    }

    private static Event event(Document document) {
        Xml notification = document.notification();
        String kind = notification.text("kind");
        String sent = notification.text("timestamp");
        Optional<Xml> subject = subject(notification);
        Layout layout = kind == null ? null : LAYOUTS.get(kind);
        Optional<Xml> about =
                layout == null ? subject.flatMap(Xml::firstChild) : subject.flatMap(all -> all.at(layout.about()));
        String id = first(about, layout == null ? List.of("id") : layout.event());
        Instant time = Json.parseTime(sent);
        Event event = (kind == null || sent == null
                        ? Event.of(document.digest()).because(Unmapped.NO_IDENTITY)
                        : Event.of(DerivedIdentity.of(
                                kind, DerivedIdentity.time(time, sent), id == null ? document.digest() : id)))
                .ofType(kind)
                .about(first(about, layout == null ? List.of("id") : layout.id()))
                .at(time);
        if (layout == null) {
            return kind != null && NO_MONEY.contains(kind) ? event : event.because(Unmapped.UNKNOWN_TYPE);
        }
        return about.map(element -> worth(accounts(event, element), element, layout))
                .orElseGet(() -> layout.amount() == null ? event : event.because(Unmapped.NO_AMOUNT));
    }

    /** What it is about; inside of an answer that tells of errors if there were some. */
    private static Optional<Xml> subject(Xml notification) {
        Optional<Xml> subject = notification.at("subject");
        Optional<Xml> wrapped = subject.flatMap(all -> all.at("api-error-response"));
        return wrapped.isPresent() ? wrapped : subject;
    }

    private static @Nullable String first(Optional<Xml> about, List<String> paths) {
        return about.map(element -> element.first(paths.toArray(String[]::new))).orElse(null);
    }

    private static Event worth(Event event, Xml about, Layout layout) {
        return layout.amount() == null || layout.currency() == null
                ? event
                : Amounts.major(event, about.text(layout.amount()), about.text(layout.currency()));
    }

    private static Event accounts(Event event, Xml about) {
        return event.from(about.first(
                        "customer/id", "transactions/transaction/customer/id", "payer-id", "transaction/customer/id"))
                .to(about.first("merchant-account-id", "merchant-account/id", "transaction/merchant-account-id"));
    }

    @Override
    public List<String> headersToKeep() {
        return List.of();
    }
}
