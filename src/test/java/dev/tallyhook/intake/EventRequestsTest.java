package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Source;
import dev.tallyhook.transaction.RawRequests;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.MultiMap;
import jakarta.inject.Inject;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What the ledger keeps of the requests of a group's events. */
@QuarkusTest
class EventRequestsTest {

    @Inject
    LedgerWriter ledger;

    @Inject
    DataSource dataSource;

    /** Of which the body's first 36 bytes name the event. */
    private static final Scheme SCHEME = new MadeUpScheme(
            delivery -> List.of(Event.of(new String(delivery.body(), 0, 36, StandardCharsets.US_ASCII))), List.of());

    private static List<Webhook> event(byte[] body) {
        return SourceWebhooks.of(
                new Source("shop", "made-up", SCHEME, 1 << 20),
                new Delivery(MultiMap.caseInsensitiveMultiMap(), null, body),
                null);
    }

    private static byte[] body(int length) {
        byte[] body = new byte[length];
        new Random(length).nextBytes(body);
        byte[] id = UUID.randomUUID().toString().getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(id, 0, body, 0, id.length);
        return body;
    }

    private static List<Webhook> group(List<byte[]> bodies) {
        List<Webhook> group = new ArrayList<>();
        bodies.forEach(body -> group.addAll(event(body)));
        group.add(new Webhook("built-in-" + UUID.randomUUID(), "a", "b", BigDecimal.ONE, "EUR"));
        Collections.shuffle(group, new Random(1));
        return group;
    }

    private void assertKept(byte[] body) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                var select = connection.prepareStatement("SELECT " + RawRequests.COLUMNS + " FROM transactions "
                        + RawRequests.JOINED + " WHERE transactions.transaction_id = ?")) {
            select.setString(1, "shop:" + new String(body, 0, 36, StandardCharsets.US_ASCII));
            try (var row = select.executeQuery()) {
                row.next();
                assertArrayEquals(body, RawRequests.read(row, 1).orElseThrow().body());
            }
        }
    }

    private int rows() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                var row = connection.createStatement().executeQuery("SELECT count(*) FROM requests")) {
            row.next();
            return row.getInt(1);
        }
    }

    @Test
    void of_a_group_that_takes_many_rows_each_event_finds_its_own_and_nothing_is_kept_for_replays() throws Exception {
        List<byte[]> bodies = new ArrayList<>();
        for (int length : new int[] {100, 40_000, 50_000, 200, 300_000, 70_000, 36, 30_000}) {
            bodies.add(body(length));
        }
        List<Webhook> group = group(bodies);
        int before = rows();
        assertEquals(Collections.nCopies(group.size(), Receipt.ACCEPTED), ledger.write(group));
        int kept = rows() - before;
        assertTrue(kept >= 4, kept + " rows");
        for (byte[] body : bodies) {
            assertKept(body);
        }
        assertEquals(Collections.nCopies(group.size(), Receipt.REPLAYED), ledger.write(group));
        assertEquals(kept, rows() - before);
    }

    @Test
    void a_retry_with_other_bytes_leaves_those_that_came_first() throws Exception {
        byte[] first = body(500);
        byte[] again = Arrays.copyOf(first, 600);
        byte[] next = body(700);
        ledger.write(event(first));
        assertEquals(3, ledger.write(group(List.of(again, next))).size());
        assertKept(first);
        assertKept(next);
    }
}
