package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Source;
import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import io.vertx.core.MultiMap;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
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
                new Source("shop", "made-up", SCHEME, 1 << 20),
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
        assertEquals(3, requests.compressed().length, "rows, each of which ends where it is large enough");
        int events = 0;
        for (Webhook webhook : group) {
            EventRow event = webhook.event();
            if (event != null) {
                assertArrayEquals(body(length(webhook)), kept(requests, webhook));
                events++;
            }
        }
        assertEquals(18, events);
    }

    private static int length(Webhook webhook) {
        return Integer.parseInt(webhook.transactionId().replaceFirst("shop:(\\d+)-\\d", "$1"));
    }

    private static RawDelivery raw(Webhook webhook) {
        return Objects.requireNonNull(webhook.event()).raw();
    }

    private static byte[] kept(KeptRequests requests, Webhook webhook) {
        RawDelivery raw = raw(webhook);
        return RawRequests.read(requests.compressed()[requests.number(raw) - 1], raw.place())
                .body();
    }

    @Test
    void a_pack_is_written_as_it_is_and_whoever_came_too_late_for_it_is_written_with_the_next_group() {
        var packs = new Packs();
        List<Webhook> first = new ArrayList<>();
        for (int length = 1; length <= 9; length++) {
            List<Webhook> events = request(length);
            packs.add(raw(events.get(0)));
            first.addAll(events);
        }
        List<Webhook> late = request(10);
        packs.add(raw(late.get(0)));
        Pack pack = raw(first.get(0)).pack();
        KeptRequests requests = KeptRequests.of(first);
        assertEquals(1, requests.compressed().length);
        assertSame(pack, raw(first.get(0)).pack());

        List<Webhook> next = request(11);
        packs.add(raw(next.get(0)));
        assertNotSame(pack, raw(next.get(0)).pack(), "it was closed");
        List<Webhook> second = new ArrayList<>(late);
        second.addAll(next);
        KeptRequests of = KeptRequests.of(second);
        assertArrayEquals(body(10), kept(of, late.get(0)));
        assertArrayEquals(body(11), kept(of, next.get(0)));
        for (byte[] row : of.compressed()) {
            assertThrows(IllegalStateException.class, () -> RawRequests.read(row, 1), "the first group's again");
        }
    }

    /** As for want of memory: what is in the stream then nobody knows. */
    @Test
    @SuppressWarnings("NullAway") // That is what breaks it.
    void a_pack_that_broke_takes_none_and_its_requests_get_another() {
        var broken = new Pack();
        assertThrows(NullPointerException.class, () -> broken.add(RawRequest.of(new TreeMap<>(), null)));
        List<Webhook> group = request(3);
        assertEquals(
                Pack.NO_PLACE,
                broken.add(Objects.requireNonNull(raw(group.get(0)).request())));
        raw(group.get(0)).isPacked(broken, 0);
        assertArrayEquals(body(3), kept(KeptRequests.of(group), group.get(0)));
    }

    @Test
    void of_a_pack_that_is_closed_while_others_come_each_finds_its_own() throws Exception {
        var packs = new Packs();
        var ready = new LinkedBlockingQueue<Webhook>();
        int each = 500;
        var senders = IntStream.range(0, 3)
                .mapToObj(sender -> new Thread(() -> {
                    for (int i = 0; i < each; i++) {
                        Webhook webhook = request(1 + (i * 3 + sender) % 900).get(0);
                        packs.add(raw(webhook));
                        ready.add(webhook);
                    }
                }))
                .toList();
        senders.forEach(Thread::start);
        int found = 0;
        while (found < 3 * each) {
            List<Webhook> group = new ArrayList<>(List.of(Objects.requireNonNull(ready.poll(10, TimeUnit.SECONDS))));
            ready.drainTo(group);
            KeptRequests requests = KeptRequests.of(group);
            for (Webhook webhook : group) {
                assertArrayEquals(body(length(webhook)), kept(requests, webhook));
                found++;
            }
        }
        for (Thread sender : senders) {
            sender.join();
        }
    }
}
