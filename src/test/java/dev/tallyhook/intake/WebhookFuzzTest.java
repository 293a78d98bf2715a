package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.tallyhook.Senders;
import dev.tallyhook.problem.ProblemException;
import io.vertx.core.MultiMap;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What strangers can reach first, under whatever bytes. Without more the corpus is tried, which is a folder for each method
 * beside this class's resources; {@code JAZZER_FUZZ=1 ./mvnw -Dquick test -Dtest=WebhookFuzzTest#a_body*} goes on with what
 * covers more, for as long as {@code maxDuration} says, and adds what it finds.
 */
class WebhookFuzzTest {

    private static final WebhookParser PARSER = new WebhookParser(32, 128);
    private static final List<WebhookKey> KEYS = List.of(
            WebhookKey.parse(Senders.SECRET), WebhookKey.parse(Senders.publicKey(Senders.keyPair(new byte[32]))));

    @FuzzTest(maxDuration = "10m")
    void a_body_is_taken_or_refused(byte[] body) {
        try {
            Webhook webhook = PARSER.parse(body);
            assertTrue(webhook.amount().signum() > 0);
            assertTrue(webhook.amount().scale() >= 0
                    && webhook.amount().scale() <= Currencies.all().get(webhook.currency()));
            assertTrue(webhook.amount().precision() - webhook.amount().scale() <= 18);
            // What is kept is text that PostgreSQL can keep to the byte.
            byte[] id = webhook.transactionId().getBytes(StandardCharsets.UTF_8);
            assertEquals(webhook.transactionId(), new String(id, StandardCharsets.UTF_8));
        } catch (ProblemException refused) {
            assertTrue(refused.status() == 400 || refused.status() == 422, () -> "refused with " + refused.status());
        }
    }

    /** The first bytes say how long id, timestamp and signature are; what is left is the body. */
    @FuzzTest(maxDuration = "10m")
    void headers_are_refused_whatever_they_are(byte[] input) {
        ByteBuffer rest = ByteBuffer.wrap(input);
        MultiMap headers = MultiMap.caseInsensitiveMultiMap();
        for (String name : List.of("webhook-id", "webhook-timestamp", "webhook-signature")) {
            headers.add(name, next(rest));
        }
        byte[] body = new byte[rest.remaining()];
        rest.get(body);
        var content = new SignedContent(headers, body);
        for (WebhookKey key : KEYS) {
            assertFalse(key.fits(content, content.shared));
            assertFalse(key.fits(content, content.asymmetric));
        }
        assertTrue(content.shared.size() <= SignedContent.SIGNATURES_MAX + 1);
        assertTrue(content.asymmetric.size() <= SignedContent.ASYMMETRIC_MAX);
    }

    private static String next(ByteBuffer rest) {
        int length = rest.hasRemaining() ? Math.min(rest.get() & 0xff, rest.remaining()) : 0;
        byte[] bytes = new byte[length];
        rest.get(bytes);
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
