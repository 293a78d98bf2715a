package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Verdict;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StrangeBodiesTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"coinbase", "flutterwave", "mercadopago", "mollie", "paystack", "revolut", "stripe", "xendit"})
    void nothing_that_comes_is_an_exception_or_without_a_reason(String name) {
        Scheme scheme = Requests.scheme(name, "secret");
        Requests.strangeBodies().forEach(body -> {
            var delivery = Requests.of(body).delivery();
            assertEquals(Verdict.UNSIGNED, scheme.verify(delivery));
            List<Event> events = scheme.events(delivery);
            assertFalse(events.isEmpty());
            events.forEach(event -> {
                assertNotNull(event.unmapped());
                assertTrue(event.identity().length() < 200);
            });
        });
    }
}
