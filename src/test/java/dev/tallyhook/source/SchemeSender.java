package dev.tallyhook.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tallyhook.Senders;
import dev.tallyhook.Webhooks;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * A sender for each scheme, who signs whatever it is told to, now. Its source is named as the scheme is, without dashes.
 *
 * @param settings of the source beside its scheme and its secrets
 * @param another secret, of the same form, which the source does not have
 * @param sample of what the provider sends; of some it is what stands within the body, as {@link Signer} makes it
 */
public record SchemeSender(
        String scheme, String secret, String another, Map<String, String> settings, String sample, Signer signer) {

    private static final String URL = "https://hooks.example.com/v1/webhooks/sender";
    private static final String HEX_KEY = "00112233445566778899AABBCCDDEEFF";
    private static final int TEXT_MAX = 200;

    /** Makes a request of what is to be told, and of a secret. */
    public interface Signer {
        Signed sign(String secret, byte[] told);
    }

    /**
     * A request that is signed.
     *
     * @param query with its question mark, or empty
     */
    @SuppressWarnings("ArrayRecordComponent") // Made for one request, and compared with nothing.
    public record Signed(String query, Map<String, String> headers, byte[] body) {

        private static Signed of(byte[] body, String... headers) {
            Map<String, String> all = new LinkedHashMap<>();
            for (int i = 0; i < headers.length; i += 2) {
                all.put(headers[i], headers[i + 1]);
            }
            return new Signed("", all, body);
        }

        private Signed at(String parameters) {
            return new Signed("?" + parameters, headers, body);
        }
    }

    private static SchemeSender of(String scheme, String sample, Signer signer) {
        return new SchemeSender(scheme, "a-secret-of-the-tests", "a-secret-of-nobody", Map.of(), sample, signer);
    }

    private SchemeSender with(String setting, String value) {
        Map<String, String> more = new LinkedHashMap<>(settings);
        more.put(setting, value);
        return new SchemeSender(scheme, secret, another, more, sample, signer);
    }

    private SchemeSender keyed(String key, String other) {
        return new SchemeSender(scheme, key, other, settings, sample, signer);
    }

    public String source() {
        return scheme.replace("-", "");
    }

    public String path() {
        return "/v1/webhooks/" + source();
    }

    /** As it is configured. */
    public Map<String, String> environment() {
        Map<String, String> all = new LinkedHashMap<>();
        String prefix = "TALLYHOOK_SOURCES_" + source().toUpperCase(Locale.ROOT) + "_";
        all.put(prefix + "SCHEME", scheme);
        if (!scheme.equals("paypal")) {
            all.put(prefix + "SECRETS", secret);
        }
        settings.forEach(
                (name, value) -> all.put(prefix + name.toUpperCase(Locale.ROOT).replace('-', '_'), value));
        return all;
    }

    /** By who knows the secret. */
    public Signed sign(byte[] told) {
        return signer.sign(secret, told);
    }

    /** By who does not. */
    public Signed signWrongly(byte[] told) {
        return signer.sign(another, told);
    }

    private static String hex(String secret, String before, byte[] body) {
        return Hmac.ofText(secret, Hmac.SHA256).signHex(before.getBytes(UTF_8), body);
    }

    private static String base64(String secret, String before, byte[] body) {
        return Hmac.ofText(secret, Hmac.SHA256).signBase64(before.getBytes(UTF_8), body);
    }

    /** The one of that scheme. */
    public static SchemeSender of(String scheme) {
        return all().stream()
                .filter(sender -> sender.scheme.equals(scheme))
                .findFirst()
                .orElseThrow();
    }

    /** One for each scheme. */
    public static List<SchemeSender> all() {
        return List.of(
                of("adyen", "order-1", SchemeSender::adyen).keyed(HEX_KEY, HEX_KEY.replace('A', 'B')),
                of(
                                "adyen-platform",
                                """
                        {"type":"balancePlatform.transfer.created","data":{"id":"3JN","amount":{"value":1000,"currency":"EUR"},"status":"booked"}}""",
                                (secret, told) -> Signed.of(
                                        told,
                                        "HmacSignature",
                                        Hmac.ofHex(secret, Hmac.SHA256).signBase64(told)))
                        .keyed(HEX_KEY, HEX_KEY.replace('A', 'B')),
                of("braintree", """
                        <notification><timestamp type="datetime">2026-11-27T10:00:00Z</timestamp><kind>transaction_settled</kind>\
                        <subject><transaction><id>tx1</id><amount>100.00</amount><currency-iso-code>USD</currency-iso-code></transaction></subject>\
                        </notification>""", SchemeSender::braintree).with("public-key", "public"),
                of("checkout", """
                        {"id":"evt_1","type":"payment_captured","created_on":"2026-11-27T10:00:00Z","data":{"id":"pay_1","amount":1000,"currency":"GBP"}}""", (secret, told) -> Signed.of(told, "Cko-Signature", hex(secret, "", told))),
                of("coinbase", """
                        {"id":"dlv-1","event":{"id":"ev-1","type":"charge:confirmed","created_at":"2026-11-27T10:00:00Z",\
                        "data":{"id":"ch-1","pricing":{"local":{"amount":"10.00","currency":"USD"}},"payments":[]}}}""", (secret, told) -> Signed.of(told, "X-CC-Webhook-Signature", hex(secret, "", told))),
                of(
                        "flutterwave",
                        """
                        {"webhook_id":"wbk_1","timestamp":1795773600000,"type":"charge.completed",\
                        "data":{"id":"chg_1","amount":2000,"currency":"NGN","customer":{"id":"cus_1"}}}""",
                        (secret, told) -> Signed.of(told, "flutterwave-signature", base64(secret, "", told))),
                of(
                        "github",
                        """
                        {"action":"created","sponsorship":{"node_id":"S_1","created_at":"2026-11-27T10:00:00+00:00",\
                        "tier":{"node_id":"T_1","monthly_price_in_cents":500}}}""",
                        (secret, told) -> Signed.of(told, "X-Hub-Signature-256", "sha256=" + hex(secret, "", told))),
                of("gocardless", """
                        {"events":[{"id":"EV1","created_at":"2026-11-27T10:00:00.000Z","resource_type":"payments","action":"confirmed",\
                        "links":{"payment":"PM1"}},{"id":"EV2","resource_type":"mandates","action":"created","links":{"mandate":"MD1"}}]}""", (secret, told) -> Signed.of(told, "Webhook-Signature", hex(secret, "", told))),
                of("hmac", """
                                {"id":"n-1","kind":"settled","at":1795820000,"pay":{"ref":"p","total":"12.50","ccy":"EUR","from":"a","to":"b"}}""", SchemeSender::hmac)
                        .with("header", "x-signature")
                        .with("timestamp-header", "x-timestamp")
                        .with("signed", "{timestamp}.{body}")
                        .with("id", "/id")
                        .with("type", "/kind")
                        .with("occurred-at", "/at")
                        .with("subject", "/pay/ref")
                        .with("amount", "/pay/total")
                        .with("currency", "/pay/ccy")
                        .with("source-account", "/pay/from")
                        .with("destination-account", "/pay/to"),
                of("mercadopago", """
                        {"id":12345,"live_mode":true,"type":"payment","date_created":"2026-11-27T10:00:00Z","action":"payment.updated","data":{"id":"999"}}""", SchemeSender::mercadoPago),
                of(
                        "mollie",
                        """
                        {"resource":"event","id":"event_1","type":"payment-link.paid","entityId":"pl_1","createdAt":"2026-11-27T10:00:00.0Z",\
                        "_embedded":{"entity":{"id":"pl_1","amount":{"value":"24.95","currency":"EUR"}}}}""",
                        (secret, told) -> Signed.of(told, "X-Mollie-Signature", "sha256=" + hex(secret, "", told))),
                of("paddle", """
                        {"event_id":"evt_01","event_type":"transaction.completed","occurred_at":"2026-11-27T10:00:00.123456Z",\
                        "data":{"id":"txn_01","currency_code":"USD","details":{"totals":{"grand_total":"1200"}}}}""", (secret, told) -> {
                    long now = Senders.now();
                    return Signed.of(told, "Paddle-Signature", "ts=" + now + ";h1=" + hex(secret, now + ":", told));
                }),
                of("paypal", """
                        {"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource_type":"capture",\
                        "resource":{"id":"c1","amount":{"value":"10.00","currency_code":"USD"}}}""", SchemeSender::payPal)
                        .with("webhook-id", "8PT597110X687430LKGECATA")
                        .with("tolerance", "3D"),
                of(
                        "paystack",
                        """
                        {"event":"charge.success","data":{"id":1,"status":"success","amount":10050,"currency":"NGN",\
                        "paid_at":"2026-11-27T10:00:00.000Z","customer":{"customer_code":"CUS_1"}}}""",
                        (secret, told) -> Signed.of(
                                told,
                                "x-paystack-signature",
                                Hmac.ofText(secret, Hmac.SHA512).signHex(told))),
                of(
                        "razorpay",
                        """
                        {"entity":"event","account_id":"acc_1","event":"payment.captured","contains":["payment"],"created_at":1795820000,\
                        "payload":{"payment":{"entity":{"id":"pay_1","amount":50000,"currency":"INR","order_id":"order_1"}}}}""",
                        (secret, told) -> Signed.of(
                                told, "X-Razorpay-Signature", hex(secret, "", told), "X-Razorpay-Event-Id", "e1")),
                of("revolut", """
                        {"event":"TransactionCreated","timestamp":"2026-11-27T10:00:00Z","data":{"id":"t1","state":"completed",\
                        "legs":[{"leg_id":"l1","account_id":"a1","amount":-10.5,"currency":"EUR"}]}}""", (secret, told) -> {
                    String millis = Senders.now() + "000";
                    return Signed.of(
                            told,
                            "Revolut-Request-Timestamp",
                            millis,
                            "Revolut-Signature",
                            "v1=" + hex(secret, "v1." + millis + ".", told));
                }),
                of(
                        "shopify",
                        """
                        {"id":820982911946154508,"admin_graphql_api_id":"gid://shopify/Order/1","total_price":"403.00","currency":"USD",\
                        "created_at":"2026-11-27T10:00:00-05:00","customer":{"id":1}}""",
                        (secret, told) -> Signed.of(
                                told,
                                "X-Shopify-Hmac-Sha256",
                                base64(secret, "", told),
                                "X-Shopify-Topic",
                                "orders/paid",
                                "X-Shopify-Event-Id",
                                "e1")),
                of(
                                "square",
                                """
                        {"merchant_id":"m1","type":"payment.updated","event_id":"e1","created_at":"2026-11-27T10:00:00Z",\
                        "data":{"object":{"payment":{"id":"p1","amount_money":{"amount":100,"currency":"USD"}}}}}""",
                                (secret, told) ->
                                        Signed.of(told, "x-square-hmacsha256-signature", base64(secret, URL, told)))
                        .with("url", URL),
                of("standard-webhooks", """
                                {"type":"invoice.paid","timestamp":"2026-11-27T10:00:00Z","data":{"id":"i1","amount":"10.00","currency":"EUR"}}""", (secret, told) -> {
                            long now = Senders.now();
                            String id = "msg_" + checksum(told);
                            return new Signed(
                                    "", Senders.headers(id, now, Senders.signBytes(secret, id, now, told)), told);
                        })
                        .keyed(Senders.SECRET, "whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
                        .with("subject", "/data/id")
                        .with("amount", "/data/amount")
                        .with("currency", "/data/currency"),
                of("stripe", """
                        {"id":"evt_1","object":"event","created":1795820000,"type":"payment_intent.succeeded","pending_webhooks":1,\
                        "data":{"object":{"id":"pi_1","object":"payment_intent","amount":9,"amount_received":1099,"currency":"usd"}}}""", (secret, told) -> {
                    long now = Senders.now();
                    return Signed.of(told, "Stripe-Signature", "t=" + now + ",v1=" + hex(secret, now + ".", told));
                }),
                of("twilio", "{\"MessageSid\":\"SM1\",\"MessageStatus\":\"delivered\"}", SchemeSender::twilio)
                        .with("url", URL),
                of("xendit", """
                        {"id":"579c8d61f23fa4ca35e52da4","external_id":"invoice-1","status":"PAID","amount":50000,"paid_amount":50000,\
                        "currency":"IDR","paid_at":"2026-11-27T10:00:00.000Z"}""", (secret, told) -> Signed.of(told, "x-callback-token", secret)));
    }

    /** What is told becomes the merchant's reference, which is signed, and fields that are not. */
    private static Signed adyen(String secret, byte[] told) {
        String all = new String(told, UTF_8);
        String text =
                all.substring(0, all.offsetByCodePoints(0, Math.min(TEXT_MAX, all.codePointCount(0, all.length()))));
        String psp = "PSP" + checksum(told);
        String signature = Hmac.ofHex(secret, Hmac.SHA256)
                .signBase64((psp + "::Merchant:" + text + ":1130:EUR:CAPTURE:true").getBytes(UTF_8));
        return Signed.of("""
                        {"live":"true","notificationItems":[{"NotificationRequestItem":{"pspReference":"%s","merchantAccountCode":"Merchant",\
                        "merchantReference":%3$s,"amount":{"value":1130,"currency":"EUR"},"eventCode":"CAPTURE","success":"true",\
                        "eventDate":%3$s,"reason":%3$s,"additionalData":{"hmacSignature":"%2$s","other":%3$s}}}]}""".formatted(psp, signature, Webhooks.quoted(text)).getBytes(UTF_8));
    }

    private static Signed braintree(String secret, byte[] told) {
        String payload = Base64.getMimeEncoder(60, new byte[] {'\n'}).encodeToString(told) + "\n";
        String signature =
                Hmac.ofBytes(digest("SHA-1", secret.getBytes(UTF_8)), Hmac.SHA1).signHex(payload.getBytes(UTF_8));
        return Signed.of(
                ("bt_signature=public%7C" + signature + "&bt_payload=" + java.net.URLEncoder.encode(payload, UTF_8))
                        .getBytes(UTF_8),
                "Content-Type",
                "application/x-www-form-urlencoded");
    }

    private static Signed hmac(String secret, byte[] told) {
        long now = Senders.now();
        return Signed.of(told, "x-timestamp", Long.toString(now), "x-signature", hex(secret, now + ".", told));
    }

    private static Signed mercadoPago(String secret, byte[] told) {
        String id = checksum(told);
        long now = Senders.now();
        String manifest = "id:" + id + ";request-id:r-1;ts:" + now + ";";
        return Signed.of(
                        told,
                        "x-request-id",
                        "r-1",
                        "x-signature",
                        "ts=" + now + ",v1=" + hex(secret, manifest, new byte[0]))
                .at("data.id=" + id + "&type=payment");
    }

    /** It has the form of one that is signed; by what certificate can be fetched from PayPal alone. */
    private static Signed payPal(String secret, byte[] told) {
        return Signed.of(
                told,
                "PAYPAL-TRANSMISSION-ID",
                "t-" + checksum(told),
                "PAYPAL-TRANSMISSION-TIME",
                java.time.Instant.ofEpochSecond(Senders.now()).toString(),
                "PAYPAL-TRANSMISSION-SIG",
                Base64.getEncoder().encodeToString(new byte[256]),
                "PAYPAL-CERT-URL",
                "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594",
                "PAYPAL-AUTH-ALGO",
                "SHA256withRSA");
    }

    private static Signed twilio(String secret, byte[] told) {
        String parameters = "bodySHA256=" + HexFormat.of().formatHex(digest("SHA-256", told));
        return Signed.of(
                        told,
                        "X-Twilio-Signature",
                        Hmac.ofText(secret, Hmac.SHA1).signBase64((URL + "?" + parameters).getBytes(UTF_8)))
                .at(parameters);
    }

    private static byte[] digest(String algorithm, byte[] bytes) {
        try {
            return MessageDigest.getInstance(algorithm).digest(bytes);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static String checksum(byte[] bytes) {
        var crc = new CRC32();
        crc.update(bytes);
        return Long.toHexString(crc.getValue());
    }
}
