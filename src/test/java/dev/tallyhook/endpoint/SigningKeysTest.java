package dev.tallyhook.endpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.standardwebhooks.Webhook;
import dev.tallyhook.Senders;
import dev.tallyhook.packaged.Programs;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SigningKeysTest {

    private static final String ID = "msg_2f1c9a2f1c9a2f1c9a2f1c9a2f1c9a2f1c9a4b7d";
    private static final String BODY =
            "{\"type\":\"transaction.processed\",\"data\":{\"source_account\":\"Žofie 😀\"}}";
    private static final Instant NOW = Instant.parse("2025-10-29T10:30:00Z");

    private static String sign(KeyRing ring, Instant at, long timestamp) {
        return ring.validAt(at).keys().sign(ID, timestamp, BODY.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean fits(String secret, String signature, long timestamp) {
        var headers = HttpHeaders.of(
                Map.of(
                        "webhook-id", List.of(ID),
                        "webhook-timestamp", List.of(Long.toString(timestamp)),
                        "webhook-signature", List.of(signature)),
                (name, value) -> true);
        try {
            new Webhook(secret).verify(BODY, headers);
            return true;
        } catch (com.standardwebhooks.exceptions.WebhookVerificationException refused) {
            return false;
        }
    }

    @Test
    void the_official_library_verifies_what_is_signed_and_nothing_else() {
        long now = Senders.now();
        SigningKey key = SharedKey.random();
        String signature = sign(KeyRing.of(key), NOW, now);
        assertTrue(fits(key.secret(), signature, now));
        assertFalse(fits(key.secret(), signature, now - 1));
        assertFalse(fits(SharedKey.random().secret(), signature, now));
    }

    @Test
    void it_is_what_the_official_library_signs() {
        assertEquals(
                Senders.sign(Senders.SECRET, ID, 1_761_733_800, BODY),
                sign(KeyRing.of(SharedKey.parse(Senders.SECRET)), NOW, 1_761_733_800));
    }

    /** Needs Node.js, and {@code npm ci --prefix src/test/javascript}. */
    @Test
    void the_official_javascript_library_verifies_it_with_either_secret_of_a_rotation() throws Exception {
        Path receiver = Path.of("src/test/javascript");
        Assumptions.assumeTrue(
                Files.exists(receiver.resolve("node_modules/standardwebhooks")), "no JavaScript library");
        long now = Senders.now();
        SigningKey before = SharedKey.random();
        SigningKey after = SharedKey.random();
        String signature = sign(KeyRing.of(before).rotated(after, NOW, Duration.ofDays(1)), NOW, now);
        for (SigningKey key : List.of(before, after)) {
            var verified = Programs.run(
                    "node",
                    receiver.resolve("verify.mjs").toString(),
                    key.secret(),
                    ID,
                    Long.toString(now),
                    signature,
                    BODY);
            assertEquals("transaction.processed", verified.output().strip());
        }
    }

    @Test
    void a_key_pair_signs_as_the_jdk_does_with_the_same_seed() {
        byte[] seed = new byte[32];
        Arrays.fill(seed, (byte) 7);
        KeyPair pair = Senders.keyPair(seed);
        SigningKey key = PrivateKey.parse("whsk_" + Base64.getEncoder().encodeToString(seed));
        assertEquals(Senders.publicKey(pair), key.publicKey().orElseThrow());
        assertEquals(Senders.signAsymmetric(pair, ID, 1_761_733_800, BODY), sign(KeyRing.of(key), NOW, 1_761_733_800));
    }

    /** RFC 8032 section 7.1, the first test. */
    @Test
    void a_public_key_is_that_of_the_standard() {
        byte[] seed =
                java.util.HexFormat.of().parseHex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
        assertEquals(
                "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
                PrivateKey.parse("whsk_" + Base64.getEncoder().encodeToString(seed))
                        .publicKey()
                        .orElseThrow());
    }

    @Test
    void both_sign_until_the_time_of_the_older_is_over() {
        SigningKey before = SharedKey.random();
        SigningKey after = SharedKey.random();
        KeyRing ring = KeyRing.of(before).rotated(after, NOW, Duration.ofHours(24));
        String both = after.sign(head(), body()) + " " + before.sign(head(), body());
        assertEquals(both, sign(ring, NOW.plusSeconds(86_399), 1));
        assertEquals(after.sign(head(), body()), sign(ring, NOW.plusSeconds(86_400), 1));
    }

    private static byte[] head() {
        return (ID + ".1.").getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] body() {
        return BODY.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void without_an_overlap_the_older_one_signs_no_more() {
        SigningKey after = PrivateKey.random();
        KeyRing ring = KeyRing.of(PrivateKey.random()).rotated(after, NOW, Duration.ZERO);
        assertEquals(List.of(new KeyRing.Entry(after, null)), ring.entries());
    }

    @Test
    void a_second_rotation_lets_nothing_sign_for_longer_than_was_said() {
        KeyRing ring = KeyRing.of(SharedKey.random())
                .rotated(SharedKey.random(), NOW, Duration.ofHours(1))
                .rotated(SharedKey.random(), NOW, Duration.ofHours(24));
        assertEquals(
                Arrays.asList(null, NOW.plusSeconds(86_400), NOW.plusSeconds(3_600)),
                ring.entries().stream().map(KeyRing.Entry::expiresAt).toList());
        for (int i = 0; i < 10; i++) {
            ring = ring.rotated(SharedKey.random(), NOW, Duration.ofHours(24));
        }
        assertEquals(4, ring.entries().size());
    }

    @ParameterizedTest
    @CsvSource({"V1", "V1A"})
    void what_is_written_is_read_again(SignatureVersion version) {
        KeyRing ring = KeyRing.of(version.newKey()).rotated(version.newKey(), NOW, Duration.ofHours(1));
        KeyRing read = KeyRing.read(version, ring.write());
        assertEquals(
                ring.entries().stream().map(entry -> entry.key().secret()).toList(),
                read.entries().stream().map(entry -> entry.key().secret()).toList());
        assertEquals(
                ring.entries().stream().map(KeyRing.Entry::expiresAt).toList(),
                read.entries().stream().map(KeyRing.Entry::expiresAt).toList());
    }

    @ParameterizedTest
    @CsvSource({
        "V1,  secret,                                must start with whsec_",
        "V1,  whsec_****,                            must be Base64 after whsec_",
        "V1,  whsec_c2hvcnQ=,                        must have 24 to 64 bytes after whsec_ is decoded",
        "V1A, whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw, must start with whsk_",
        "V1A, whsk_c2hvcnQ=,                         'must have 32 bytes, or 64 with the public key, after whsk_ is decoded'"
    })
    void a_secret_that_is_none_is_refused_and_not_repeated(SignatureVersion version, String secret, String said) {
        var wrong = assertThrows(IllegalArgumentException.class, () -> version.parse(secret));
        assertEquals(said, wrong.getMessage());
    }

    @Test
    void a_public_half_that_is_of_another_key_is_refused() {
        byte[] both = Base64.getDecoder().decode(PrivateKey.random().secret().substring(5));
        both[63] ^= 1;
        String secret = "whsk_" + Base64.getEncoder().encodeToString(both);
        assertThrows(IllegalArgumentException.class, () -> PrivateKey.parse(secret));
    }

    @Test
    void a_key_does_not_show_itself() {
        for (SigningKey key : List.of(SharedKey.random(), PrivateKey.random())) {
            String hidden = key.secret().substring(10, 30);
            assertFalse((key + KeyRing.of(key).toString() + key.hint()).contains(hidden));
        }
    }
}
