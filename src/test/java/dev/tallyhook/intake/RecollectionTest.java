package dev.tallyhook.intake;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.equalTo;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.ReadersKnown;
import dev.tallyhook.Webhooks;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Recalling;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeSender;
import dev.tallyhook.source.Source;
import dev.tallyhook.source.Sources;
import dev.tallyhook.source.Verdict;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

@QuarkusTest
@TestProfile(ReadersKnown.class)
class RecollectionTest {

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    @Inject
    Recollection recollection;

    @Inject
    Sources sources;

    /** One that keeps what it is told. */
    private static final class Learning implements Scheme, Recalling {

        private final List<Delivery> told = new ArrayList<>();

        @Override
        public void recall(Delivery kept) {
            told.add(kept);
        }

        @Override
        public Verdict verify(Delivery delivery) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Event> events(Delivery delivery) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<String> headersToKeep() {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void the_newest_delivery_of_a_source_is_recalled_with_its_headers_at_a_start_and_not_by_a_command()
            throws Exception {
        String id = "evt_" + UUID.randomUUID();
        byte[] body = ("{\"id\":\"" + id + "\",\"object\":\"event\",\"type\":\"made.up\",\"data\":{}}").getBytes(UTF_8);
        var signed = SchemeSender.of("stripe").signer().sign(ReadersKnown.SHOP_SECRET, body);
        given().headers(signed.headers())
                .contentType("application/json")
                .body(signed.body())
                .post("/v1/webhooks/shop")
                .then()
                .statusCode(200);
        await().atMost(PATIENCE).untilAsserted(() -> given().auth()
                .oauth2(ReadersKnown.READER)
                .urlEncodingEnabled(false)
                .get(Webhooks.transactionPath("shop:" + id))
                .then()
                .body("status", equalTo("PROCESSED")));
        var learning = new Learning();
        List<Source> shop = List.of(new Source("shop", "made-up", learning, 1));
        assertEquals(Optional.empty(), recollection.begin(shop, false));
        assertEquals(List.of(), learning.told);
        recollection.begin(shop, true).orElseThrow().join();
        assertEquals(1, learning.told.size());
        Delivery told = learning.told.get(0);
        assertArrayEquals(body, told.body());
        assertEquals(signed.headers().get("Stripe-Signature"), told.header("stripe-signature"));
    }

    @Test
    void of_a_source_that_has_sent_nothing_nothing_is_recalled_and_others_learn_nothing() {
        var learning = new Learning();
        recollection.recall(new Source("nobody", "made-up", learning, 1));
        assertEquals(List.of(), learning.told);
        recollection.recall(sources.find("shop").orElseThrow());
    }
}
