package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Source;
import dev.tallyhook.transaction.RawRequests;
import io.vertx.core.MultiMap;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KeptRequestsTest {

    /** Three events of each request. */
    private static final Scheme SCHEME = new MadeUpScheme(
            delivery -> IntStream.range(0, 3)
                    .mapToObj(number -> Event.of(delivery.body().length + "-" + number))
                    .toList(),
            List.of());

    private static List<Webhook> request(int length) {
        return SourceWebhooks.of(
                new Source("shop", SCHEME, 1 << 20),
                new Delivery(MultiMap.caseInsensitiveMultiMap(), null, body(length)),
                null);
    }

    private static byte[] body(int length) {
        byte[] body = new byte[length];
        Arrays.fill(body, (byte) length);
        return body;
    }

    @Test
    void each_event_finds_the_request_that_brought_it_and_each_request_is_kept_once() {
        List<Webhook> group = new ArrayList<>();
        for (int length : new int[] {1, RawRequests.SIZE_ENOUGH - 10, 20, 3 * RawRequests.SIZE_ENOUGH, 4, 5}) {
            group.addAll(request(length));
            group.add(new Webhook("of the built-in source " + length, "a", "b", BigDecimal.ONE, "EUR"));
        }
        KeptRequests requests = KeptRequests.of(group);
        byte[][] rows = requests.compressed();
        assertEquals(4, rows.length, "rows, each of which ends where it is large enough");
        int events = 0;
        for (Webhook webhook : group) {
            EventRow event = webhook.event();
            if (event != null) {
                int length = Integer.parseInt(webhook.transactionId().replaceFirst("shop:(\\d+)-\\d", "$1"));
                assertArrayEquals(
                        body(length),
                        RawRequests.read(rows[requests.number(event.raw()) - 1], requests.place(event.raw()))
                                .body());
                events++;
            }
        }
        assertEquals(18, events);
    }
}
