package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Amounts;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Money;
import dev.tallyhook.source.Recalling;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.math.BigDecimal;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * PayPal: RSA with SHA-256 over the id and the time of the transmission, the id of the webhook and the CRC-32 of the body in
 * decimal digits, joined by bars. The certificate is named by a header; it is fetched from PayPal's own servers alone, in the
 * background, and must lead to an authority that is trusted and be of {@code messageverificationcerts.paypal.com} or its sandbox. Until it
 * is there, PayPal is asked to send again.
 *
 * <p><b>The body is not protected by that signature.</b> A CRC-32 is no cryptographic digest: whoever has seen one genuine
 * delivery can send another body under its headers. What is worth much is to be asked for at PayPal's API before it is relied on. A
 * transmission is taken for the three days in which PayPal sends again, and is believed with one body: PayPal sends the same bytes again, so
 * of two bodies one is not PayPal's, and nobody knows which. The second is kept as an event of its own, and nothing in it is believed.
 *
 * <p>A resource with {@code amount/value} is of version 2, one with {@code amount/total} of version 1; what the envelope says of its version
 * does not tell. Events of PayPal's simulator are signed for another webhook, so they are refused.
 *
 * <p>Not confirmed: PayPal's own list of its servers, and which authority it uses today.
 *
 * @see <a href="https://developer.paypal.com/api/rest/webhooks/rest/">PayPal: integrate webhooks</a>
 */
final class PayPal implements Scheme, Recalling {

    private static final String ID = "paypal-transmission-id";
    private static final String TIME = "paypal-transmission-time";
    private static final String SIGNATURE = "paypal-transmission-sig";
    private static final String CERTIFICATE = "paypal-cert-url";
    private static final String ALGORITHM = "paypal-auth-algo";

    private static final String SHA256_WITH_RSA = "SHA256withRSA";

    /** The whole address, so that no two readers of it can differ on where it leads. */
    private static final Pattern CERTIFICATE_URL = Pattern.compile(
            "https://api(-m)?(\\.sandbox)?\\.paypal\\.com(:443)?/v1/notifications/certs/[A-Za-z0-9][A-Za-z0-9_-]{0,127}");

    /** No bar in it, which would move what is signed from one part to the next. */
    private static final Pattern WEBHOOK_ID = Pattern.compile("[A-Za-z0-9_-]{1,128}");

    private static final Pattern TRANSMISSION_ID = WEBHOOK_ID;
    private static final Pattern TRANSMISSION_TIME = Pattern.compile("[0-9TZ:.+-]{1,40}");

    /** Of a key with up to 4096 bits, in Base64. */
    private static final int SIGNATURE_LENGTH_MAX = 684;

    /** PayPal sends again for so long. */
    private static final Duration TOLERANCE = Duration.ofDays(3);

    /** Their amounts have no decimals at PayPal, whatever ISO 4217 says. */
    private static final Set<String> WHOLE = Set.of("HUF", "JPY", "TWD");

    /** Kinds of resources that move no money. */
    private static final Set<String> NO_MONEY = Set.of("merchant-onboarding", "plan", "subscription");

    private final SchemeContext context;
    private final String webhookId;
    private final Duration tolerance;
    private final PayPalCertificates certificates;
    private final Transmissions transmissions = new Transmissions();

    PayPal(SchemeContext context) {
        this(context, PayPalCertificates.of(context.name(), PayPalTrust.of(context), context.clock()));
    }

    PayPal(SchemeContext context, PayPalCertificates certificates) {
        this.context = context;
        this.webhookId = context.require(
                "webhook-id", context.config().webhookId(), "PayPal's id of this webhook, which it signs");
        if (!WEBHOOK_ID.matcher(webhookId).matches()) {
            throw context.refuse("webhook-id", "must be letters, digits, dashes and underscores");
        }
        this.tolerance = context.tolerance(TOLERANCE);
        this.certificates = certificates;
    }

    @Override
    public Verdict verify(Delivery delivery) {
        String id = delivery.header(ID);
        String time = delivery.header(TIME);
        String url = delivery.header(CERTIFICATE);
        byte[] signature = signature(delivery.header(SIGNATURE));
        if (!TRANSMISSION_ID.matcher(id).matches()
                || !TRANSMISSION_TIME.matcher(time).matches()
                || !delivery.header(ALGORITHM).equals(SHA256_WITH_RSA)
                || !CERTIFICATE_URL.matcher(url).matches()
                || signature.length == 0
                || !isOfNow(time)) {
            return Verdict.UNSIGNED;
        }
        PayPalCertificates.Lookup found = certificates.at(url);
        X509Certificate certificate = found.certificate();
        if (certificate == null) {
            return found.verdict();
        }
        boolean fits = fits(certificate.getPublicKey(), signature, signed(id, time, delivery.body()));
        if (fits) {
            transmissions.came(id, Event.digest(delivery.body()));
        }
        return Verdict.of(fits);
    }

    /** Then its certificate is there before it is asked for, and strangers cannot keep it from being fetched. */
    @Override
    public void recall(Delivery kept) {
        String url = kept.header(CERTIFICATE);
        if (CERTIFICATE_URL.matcher(url).matches()) {
            certificates.recall(url);
        }
    }

    /** Its bytes; none if it is not written as PayPal writes it. */
    private static byte[] signature(String header) {
        try {
            byte[] bytes = header.length() > SIGNATURE_LENGTH_MAX
                    ? new byte[0]
                    : Base64.getDecoder().decode(header);
            return Base64.getEncoder().encodeToString(bytes).equals(header) ? bytes : new byte[0];
        } catch (IllegalArgumentException notBase64) {
            return new byte[0];
        }
    }

    private boolean isOfNow(String time) {
        Instant sent = Json.parseTime(time);
        return sent != null && context.isOfNow(sent.getEpochSecond(), tolerance);
    }

    private byte[] signed(String id, String time, byte[] body) {
        var crc = new CRC32();
        crc.update(body);
        return Hmac.bytes(String.join("|", id, time, webhookId, Long.toString(crc.getValue())));
    }

    private static boolean fits(PublicKey key, byte[] signature, byte[] text) {
        try {
            Signature rsa = Signature.getInstance(SHA256_WITH_RSA);
            rsa.initVerify(key);
            rsa.update(text);
            return rsa.verify(signature);
        } catch (GeneralSecurityException none) {
            // A signature of another length than the key's is no false one, but an exception.
            return false;
        }
    }

    /** What was never verified here, such as what is mapped again, is held against nothing. */
    @Override
    public List<Event> events(Delivery delivery) {
        String transmission = delivery.header(ID);
        String digest = Event.digest(delivery.body());
        return transmissions.cameWithAnother(transmission, digest)
                ? List.of(Event.of(DerivedIdentity.of(transmission, digest)).because(Unmapped.NOT_SIGNED))
                : OneEvent.of(delivery, body -> event(body, delivery));
    }

    private static Event event(Json body, Delivery delivery) {
        String id = body.text("/id");
        Json resource = body.at("/resource");
        // An id of PayPal's is none that is derived, which somebody would take so that a genuine event is taken for
        // known.
        Event event = OneEvent.identified(id == null || DerivedIdentity.mayBeOne(id) ? null : id, delivery)
                .ofType(body.text("/event_type"))
                .at(body.time("/create_time"))
                .from(resource.first("/payer/payer_id", "/payer/payer_info/payer_id"))
                .to(resource.text("/payee/merchant_id"))
                .about(resource.text("/id"));
        String kind = String.valueOf(body.text("/resource_type"));
        return switch (kind) {
            case "capture", "authorization" ->
                amount(
                        event.about(
                                resource.first("/supplementary_data/related_ids/order_id", "/parent_payment", "/id")),
                        resource.at("/amount"));
            case "sale" ->
                amount(event.about(resource.first("/parent_payment", "/sale_id", "/id")), resource.at("/amount"));
            case "refund" -> amount(event.about(refunded(resource)), resource.at("/amount"));
            case "checkout-order" -> sum(event, resource.at("/purchase_units"));
            case "payment" -> sum(event, resource.at("/transactions"));
            case "payouts_item" ->
                amount(event.about(resource.first("/payout_item_id", "/id")), resource.at("/payout_item/amount"));
            default -> NO_MONEY.contains(kind) ? event : event.because(Unmapped.UNKNOWN_TYPE);
        };
    }

    /** What was paid: named in version 1, and in version 2 the capture that a link leads up to. */
    private static @Nullable String refunded(Json resource) {
        String named = resource.first("/parent_payment", "/sale_id");
        if (named != null) {
            return named;
        }
        for (Json link : resource.at("/links").elements()) {
            String href = link.text("/href");
            if ("up".equals(link.text("/rel")) && href != null && !href.endsWith("/")) {
                return href.substring(href.lastIndexOf('/') + 1);
            }
        }
        return resource.text("/id");
    }

    private static Event amount(Event event, Json amount) {
        return worth(event, value(amount), currency(amount));
    }

    private static Event worth(Event event, @Nullable String sent, @Nullable String currency) {
        Event worth = Amounts.major(event, sent, currency);
        Money money = worth.money();
        return money != null
                        && WHOLE.contains(money.currency())
                        && money.amount().remainder(BigDecimal.ONE).signum() != 0
                ? worth.because(Unmapped.BROKEN_AMOUNT_RULE)
                : worth;
    }

    private static @Nullable String value(Json amount) {
        return amount.first("/value", "/total");
    }

    private static @Nullable String currency(Json amount) {
        return amount.first("/currency_code", "/currency");
    }

    /** All parts of one payment together; they are in one currency. */
    private static Event sum(Event event, Json parts) {
        List<Json> amounts =
                parts.elements().stream().map(part -> part.at("/amount")).toList();
        if (amounts.size() <= 1) {
            return amounts.isEmpty() ? event.because(Unmapped.NO_AMOUNT) : amount(event, amounts.get(0));
        }
        BigDecimal sum = BigDecimal.ZERO;
        String currency = null;
        Unmapped why = null;
        for (Json each : amounts) {
            Event part = amount(Event.of(""), each);
            if (part.money() == null) {
                return event.because(part.unmapped());
            }
            if (currency != null && !currency.equals(part.money().currency())) {
                return event.because(Unmapped.MALFORMED_AMOUNT);
            }
            currency = part.money().currency();
            why = part.unmapped() == null ? why : part.unmapped();
            sum = sum.add(part.money().amount());
        }
        return worth(event, sum.toPlainString(), currency).because(why);
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(ID, TIME, SIGNATURE, CERTIFICATE, ALGORITHM);
    }
}
