package dev.tallyhook;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Senders who sign: by the official library for v1, and by the JDK for v1a, which that library does not know. */
public final class Senders {

    public static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private static final int KEY_LENGTH = 32;

    private Senders() {}

    /** A secret that no other call gives. */
    public static String newSecret() {
        return "whsec_" + Base64.getEncoder().encodeToString(new SecureRandom().generateSeed(32));
    }

    /** The label and the signature, as the header has them. */
    public static String sign(String secret, String id, long timestamp, String body) {
        try {
            return new com.standardwebhooks.Webhook(secret).sign(id, timestamp, body);
        } catch (com.standardwebhooks.exceptions.WebhookSigningException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** The same for bytes that are no text, which the library does not sign. */
    public static String signBytes(String secret, String id, long timestamp, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            byte[] key = Base64.getDecoder().decode(secret.substring("whsec_".length()));
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        } catch (GeneralSecurityException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** The headers of a webhook that is signed now. */
    public static Map<String, String> headers(String secret, String id, String body) {
        long now = now();
        return headers(id, now, sign(secret, id, now, body));
    }

    public static Map<String, String> headers(String id, long timestamp, String signature) {
        return Map.of("webhook-id", id, "webhook-timestamp", Long.toString(timestamp), "webhook-signature", signature);
    }

    /** Seconds since the epoch. */
    public static long now() {
        return java.time.Clock.systemUTC().instant().getEpochSecond();
    }

    /** The ed25519 key pair of a seed of 32 bytes. */
    public static KeyPair keyPair(byte[] seed) {
        try {
            var generator = KeyPairGenerator.getInstance("Ed25519");
            generator.initialize(255, new SecureRandom() {
                private static final long serialVersionUID = 1L;

                @Override
                public void nextBytes(byte[] bytes) {
                    System.arraycopy(seed, 0, bytes, 0, bytes.length);
                }
            });
            return generator.generateKeyPair();
        } catch (GeneralSecurityException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** {@code whpk_…}. */
    public static String publicKey(KeyPair pair) {
        byte[] x509 = pair.getPublic().getEncoded();
        return "whpk_"
                + Base64.getEncoder().encodeToString(Arrays.copyOfRange(x509, x509.length - KEY_LENGTH, x509.length));
    }

    public static String signAsymmetric(KeyPair pair, String id, long timestamp, String body) {
        try {
            var signature = Signature.getInstance("Ed25519");
            signature.initSign(pair.getPrivate());
            signature.update((id + "." + timestamp + "." + body).getBytes(StandardCharsets.UTF_8));
            return "v1a," + Base64.getEncoder().encodeToString(signature.sign());
        } catch (GeneralSecurityException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
