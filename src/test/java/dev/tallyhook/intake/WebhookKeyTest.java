package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Senders;
import io.vertx.core.MultiMap;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The vectors are those that the official libraries of Standard Webhooks publish in their own tests. */
class WebhookKeyTest {

    private static final byte[] BODY = "{\"test\": 2432232314}".getBytes(StandardCharsets.US_ASCII);
    private static final SignedContent CONTENT = content("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "");
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final String SIGNATURE = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    /** A private key in the libraries' tests; what follows is a signature with it. */
    private static final String SEED = "VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=";

    private static final String ASYMMETRIC_SIGNATURE =
            "tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==";

    private static SignedContent content(String id, String timestamp, String signature) {
        return new SignedContent(
                MultiMap.caseInsensitiveMultiMap()
                        .add("webhook-id", id)
                        .add("webhook-timestamp", timestamp)
                        .add("webhook-signature", signature),
                BODY);
    }

    private static boolean fits(String key, String signature) {
        return WebhookKey.parse(key).fits(CONTENT, List.of(signature.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private static String publicKeyOf(String seed) {
        return Senders.publicKey(Senders.keyPair(Base64.getDecoder().decode(seed)));
    }

    @Test
    void the_published_v1_vector_fits() {
        assertTrue(fits(SECRET, SIGNATURE));
    }

    @Test
    void the_published_v1a_vector_fits() {
        assertTrue(fits(publicKeyOf(SEED), ASYMMETRIC_SIGNATURE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "A",
                "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
                "Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=",
                "é"
            })
    void what_differs_does_not_fit_v1(String signature) {
        assertFalse(fits(SECRET, signature));
    }

    @Test
    void each_bit_of_a_signature_counts_even_those_that_decode_to_nothing() {
        for (String[] pair : new String[][] {{SECRET, SIGNATURE}, {publicKeyOf(SEED), ASYMMETRIC_SIGNATURE}}) {
            WebhookKey key = WebhookKey.parse(pair[0]);
            byte[] signature = pair[1].getBytes(StandardCharsets.US_ASCII);
            for (int i = 0; i < signature.length * 8; i++) {
                byte[] changed = signature.clone();
                changed[i / 8] ^= (byte) (1 << (i % 8));
                assertFalse(key.fits(CONTENT, List.of(changed)), "bit " + i);
            }
        }
    }

    @Test
    void another_key_does_not_fit() {
        assertFalse(fits("whsec_" + Base64.getEncoder().encodeToString(new byte[24]), SIGNATURE));
        assertFalse(
                fits(Senders.publicKey(Senders.keyPair(new SecureRandom().generateSeed(32))), ASYMMETRIC_SIGNATURE));
    }

    @Test
    void what_is_no_key_is_refused_without_being_repeated() {
        for (String wrong : List.of(
                "",
                "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                "whsec_",
                "whsec_AAAA",
                "whsec_not base64!",
                "whsec_" + Base64.getEncoder().encodeToString(new byte[65]),
                "whsk_" + SEED,
                "whpk_AAAA",
                "whpk_" + Base64.getEncoder().encodeToString(filled(0xff)))) {
            String message = assertThrows(IllegalArgumentException.class, () -> WebhookKey.parse(wrong), wrong)
                    .getMessage();
            String secret = wrong.replaceFirst("wh[a-z]+_", "");
            assertFalse(!secret.isEmpty() && message.contains(secret), message);
        }
    }

    private static byte[] filled(int value) {
        byte[] bytes = new byte[32];
        java.util.Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    @Test
    void a_key_does_not_tell_itself() {
        assertEquals("whsec_…", WebhookKey.parse(SECRET).toString());
        assertEquals("whpk_…", WebhookKey.parse(publicKeyOf(SEED)).toString());
    }
}
