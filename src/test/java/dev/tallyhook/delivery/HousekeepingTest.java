package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What endpoints that are gone have left behind goes too. */
@QuarkusTest
class HousekeepingTest {

    @Inject
    DataSource dataSource;

    @Inject
    Housekeeping housekeeping;

    private long left(EndpointRows rows, String endpointId) {
        return List.of("deliveries", "dead_letters", "attempts", "replays").stream()
                .mapToLong(table ->
                        rows.number("SELECT count(*) FROM " + table + " WHERE endpoint_id = '" + endpointId + "'"))
                .sum();
    }

    private static void fill(EndpointRows rows, String id) {
        rows.execute("INSERT INTO deliveries (endpoint_id, event, ids, replay, next_at) SELECT '" + id
                + "', 'p', '{x}', i % 2 = 0, now() + i * interval '1 minute' FROM generate_series(1, 2500) AS i");
        rows.deadLetters(id, 1_100);
        rows.execute("INSERT INTO attempts (endpoint_id, at, event, id, outcome, took_millis) VALUES ('" + id
                + "', now(), 'p', 'x', 'REFUSED', 1)");
        rows.execute("INSERT INTO replays (endpoint_id, what, since, until, reached, state, done_at, by) VALUES ('" + id
                + "', 'ONE', now(), now(), now(), 'DONE', now(), 'anyone')");
    }

    @Test
    void nothing_is_left_of_an_endpoint_that_is_gone_and_all_of_one_that_is_there() {
        var rows = new EndpointRows(dataSource);
        String there = rows.paused();
        String gone = EndpointRows.newId();
        fill(rows, there);
        fill(rows, gone);
        Awaitility.await().atMost(Duration.ofSeconds(100)).until(() -> left(rows, gone) == 0);
        assertEquals(2_500 + 1_100 + 2, left(rows, there));
    }

    @Test
    void of_replays_that_have_ended_the_last_thousand_stay() {
        var rows = new EndpointRows(dataSource);
        String id = rows.paused("state = 'DISABLED', disabled_because = 'FAILED', disabled_at = now()");
        String of = "FROM replays WHERE endpoint_id = '" + id + "'";
        rows.execute("INSERT INTO replays (endpoint_id, what, since, until, reached, state, done_at, by) SELECT '" + id
                + "', 'SINCE', now(), now(), now(), CASE i WHEN 2 THEN 'RUNNING' ELSE 'DONE' END,"
                + " CASE WHEN i <> 2 THEN now() END, i FROM generate_series(1, 2201) AS i");
        // The scheduled one may be at it just now, and leave the rest to the next.
        Awaitility.await().atMost(Duration.ofSeconds(100)).until(() -> {
            housekeeping.clean();
            return rows.number("SELECT count(*) " + of) == Housekeeping.REPLAYS_MAX + 1;
        });
        assertEquals("2", rows.text("SELECT by " + of + " AND state = 'RUNNING'"));
        assertEquals(1_202, rows.number("SELECT min(by::int) " + of + " AND state = 'DONE'"));
        rows.execute("DELETE " + of);
    }
}
