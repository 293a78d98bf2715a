package dev.tallyhook.bench;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Requests that differ in their ids, which come in no order, as senders' do; signed by Standard Webhooks if a secret is given. */
final class Payload {

    static final String SECRET = "whsec_dGFsbHlob29rLWJlbmNobWFyay1zZWNyZXQ=";

    private static final int ID_DIGITS = 16;
    private static final int SIGNATURE_LENGTH = 44;
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final String BODY =
            """
            {"transaction_id":"txn_%s","source_account":"acc_user_789","destination_account":"acc_merchant_456","amount":1500.50,"currency":"INR"}"""
                    .formatted("0".repeat(ID_DIGITS));

    private final byte[] request;
    private final int bodyAt;
    private final int idAt;
    private final int signatureAt;
    private final byte[] signedHead;
    private final Mac mac;
    private long counter;

    Payload() {
        this(null, System.nanoTime());
    }

    /** Unsigned, with the same ids for the same number. */
    Payload(long firstId) {
        this(null, firstId);
    }

    private Payload(Mac mac, long firstId) {
        this.mac = mac;
        this.counter = firstId;
        String timestamp = Long.toString(System.currentTimeMillis() / 1_000);
        signedHead = ("msg_bench." + timestamp + ".").getBytes(StandardCharsets.US_ASCII);
        String head = "POST /v1/webhooks/transactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + (mac == null
                        ? ""
                        : "webhook-id: msg_bench\r\nwebhook-timestamp: " + timestamp + "\r\nwebhook-signature: v1,"
                                + " ".repeat(SIGNATURE_LENGTH) + "\r\n")
                + "Content-Length: " + BODY.length() + "\r\n\r\n";
        request = (head + BODY).getBytes(StandardCharsets.US_ASCII);
        bodyAt = head.length();
        idAt = bodyAt + BODY.indexOf("txn_") + 4;
        signatureAt = head.indexOf("v1,") + 3;
    }

    /** Signed with {@link #SECRET}, at the time of this call: good for as long as the service tolerates. */
    static Payload signed() throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(SECRET.substring("whsec_".length())), "HmacSHA256"));
        return new Payload(mac, System.nanoTime());
    }

    ByteBuffer next() {
        long id = scramble(counter++);
        for (int i = 0; i < ID_DIGITS; i++, id >>>= 4) {
            request[idAt + i] = HEX[(int) (id & 15)];
        }
        if (mac != null) {
            mac.update(signedHead);
            mac.update(request, bodyAt, request.length - bodyAt);
            System.arraycopy(Base64.getEncoder().encode(mac.doFinal()), 0, request, signatureAt, SIGNATURE_LENGTH);
        }
        return ByteBuffer.wrap(request);
    }

    /** SplitMix64's mixing step: one to one, so no id comes twice. */
    static long scramble(long counter) {
        long z = counter * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
