package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Source;
import dev.tallyhook.source.Unmapped;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.MultiMap;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Behind a pooler the session is somebody else's afterwards. */
@QuarkusTest
class KeptEventsTest {

    @Inject
    LedgerWriter ledger;

    @Inject
    DataSource dataSource;

    private final String source = "s" + UUID.randomUUID().toString().substring(0, 8);

    @BeforeEach
    void one_is_not_mapped() throws Exception {
        var scheme =
                new MadeUpScheme(delivery -> List.of(Event.ofBytes(delivery.body(), Unmapped.UNREADABLE)), List.of());
        ledger.write(SourceWebhooks.of(
                new Source(source, "made-up", scheme, 1 << 20),
                new Delivery(MultiMap.caseInsensitiveMultiMap(), null, source.getBytes(StandardCharsets.US_ASCII)),
                null));
    }

    private static String limits(Connection session) throws SQLException {
        try (var statement = session.createStatement();
                var row = statement.executeQuery(
                        "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
                                + " current_setting('idle_in_transaction_session_timeout'), current_setting('jit')")) {
            row.next();
            return String.join(" ", row.getString(1), row.getString(2), row.getString(3), row.getString(4));
        }
    }

    @Test
    void while_events_are_mapped_the_session_is_patient_and_afterwards_as_it_was_found() throws Exception {
        try (Connection session = dataSource.getConnection()) {
            String found = limits(session);
            int patience = session.getNetworkTimeout();
            var events = new KeptEvents(session, source);
            assertEquals(1, events.count());
            assertTrue(new KeptEvents(session, null).count() >= 1);
            List<String> meanwhile = new ArrayList<>();
            while (events.hasMore()) {
                events.mapNext((event, raw) -> {
                    meanwhile.add(limits(session));
                    return event;
                });
            }
            assertEquals(List.of("10min 1min 10min off"), meanwhile);
            assertEquals(found, limits(session));
            assertEquals(patience, session.getNetworkTimeout());
        }
    }

    private static String text(Connection session, String sql) throws SQLException {
        try (var statement = session.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    /** And needs no posting of its own for that. */
    @Test
    void a_time_that_is_known_only_now_is_one_that_its_stretch_has() throws Exception {
        Instant time = Instant.parse("1990-01-01T00:00:00Z").plusSeconds(System.nanoTime() % 1_000_000);
        try (Connection session = dataSource.getConnection();
                var statement = session.createStatement()) {
            statement.execute("UPDATE transactions SET created_at = '2001-01-01' WHERE source = '" + source + "'");
            var events = new KeptEvents(session, source);
            while (events.hasMore()) {
                events.mapNext((event, raw) -> at(event, time));
            }
            assertEquals(
                    "t",
                    text(
                            session,
                            "SELECT bool_and('" + time
                                    + "' BETWEEN first_occurred AND last_occurred) FROM (SELECT * FROM stretches"
                                    + " WHERE until > '2001-01-01' ORDER BY until LIMIT 1) AS its_own"));
            assertEquals(
                    "2",
                    text(
                            session,
                            "SELECT count(*) FROM late_postings JOIN transactions ON at = created_at AND hash = hashtext(transaction_id)"
                                    + " WHERE source = '" + source + "'"),
                    "by its source and its type");
        }
    }

    private static KeptEvent at(KeptEvent event, Instant time) {
        return new KeptEvent(
                event.transactionId(),
                event.source(),
                event.request(),
                event.sourceAccount(),
                event.destinationAccount(),
                event.amount(),
                event.currency(),
                "charge",
                event.subject(),
                time,
                event.unmapped(),
                event.amountSent(),
                event.amountUnit());
    }

    @Test
    void what_is_broken_off_leaves_the_session_as_it_was_found_too() throws Exception {
        try (Connection session = dataSource.getConnection()) {
            String found = limits(session);
            var events = new KeptEvents(session, source);
            assertThrows(
                    SQLException.class,
                    () -> events.mapNext((event, raw) -> {
                        throw new SQLException("lost");
                    }));
            assertEquals(found, limits(session));
        }
    }
}
