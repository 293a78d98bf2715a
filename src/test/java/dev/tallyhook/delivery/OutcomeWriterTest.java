package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.endpoint.TellingConfig;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class OutcomeWriterTest {

    private static final String ALL_ROWS = """
            SELECT endpoint_id, event, array_to_string(ARRAY(SELECT unnest(ids) ORDER BY 1), ' '), replay, attempts,
                   failed_at IS NOT NULL, leased_until IS NOT NULL
            FROM deliveries ORDER BY 3
            """;

    private static final String ALL_DEAD =
            "SELECT endpoint_id, event, id, attempts, outcome, status, answer FROM dead_letters ORDER BY id";

    @Inject
    TellingConfig config;

    @Inject
    OutcomeWriter writer;

    @ConfigProperty(name = "quarkus.datasource.jdbc.url")
    String url;

    @ConfigProperty(name = "quarkus.datasource.delivery.jdbc.additional-jdbc-properties.options")
    String options;

    private Queue queue;
    private QueueBeside beside;

    @BeforeEach
    void prepare() throws SQLException {
        queue = new Queue(config, new LedgerClock());
        beside = new QueueBeside(url, options);
        beside.endpoint("shop", "ENABLED");
    }

    @AfterEach
    void close() throws SQLException {
        beside.close();
    }

    private List<Parcel> claim(boolean replay) throws SQLException {
        return queue.claim(beside.connection(), List.of(new Queue.Want("shop", replay, 99, Queue.FROM_THE_BEGINNING)));
    }

    private Parcel claimOne(String ids, String columns, String values) throws SQLException {
        beside.row("shop", ids, columns, values);
        return claim(columns.contains("replay")).get(0);
    }

    private int settle(Parcel... parcels) throws SQLException {
        return writer.settle(beside.connection(), List.of(parcels));
    }

    private static void fail(Parcel parcel, String id, Attempt attempt, @Nullable Duration retryIn) {
        parcel.failed(new Parcel.Failure(id, parcel.attempts() + 1, attempt, retryIn));
    }

    private List<String> rows() throws SQLException {
        return beside.rows(ALL_ROWS);
    }

    private List<String> dead() throws SQLException {
        return beside.rows(ALL_DEAD);
    }

    @Test
    void of_what_is_told_nothing_is_left() throws SQLException {
        Parcel parcel = claimOne("{a,b}", "", "");
        parcel.delivered();
        parcel.delivered();
        assertEquals(0, settle(parcel));
        assertEquals(List.of(), rows());
        assertEquals(List.of(), dead());
    }

    @Test
    void what_was_not_tried_is_one_row_that_waits_as_before() throws SQLException {
        Parcel parcel = claimOne("{a,b,c}", ", replay, next_at", ", true, '2026-01-02 03:04:05.678901Z'");
        parcel.returned("c");
        parcel.delivered();
        parcel.returned("b");
        settle(parcel);
        assertEquals(List.of("shop|p|b c|t|0|f|f"), rows());
        assertEquals(List.of("t"), beside.rows("SELECT next_at = '2026-01-02 03:04:05.678901Z' FROM deliveries"));
    }

    @Test
    void of_one_that_had_failed_before_that_is_known_when_it_was_not_tried_again() throws SQLException {
        Parcel parcel = claimOne("{a}", ", attempts, failed_at", ", 3, '2026-01-02Z'");
        parcel.returned("a");
        settle(parcel);
        assertEquals(List.of("shop|p|a|f|3|t|f"), rows());
        assertEquals(List.of("t"), beside.rows("SELECT failed_at = '2026-01-02Z' FROM deliveries"));
    }

    @Test
    void each_that_failed_is_a_row_of_its_own_that_waits_for_its_next_try() throws SQLException {
        Parcel parcel = claimOne("{a,b,c}", ", replay, next_at", ", true, '2026-01-02Z'");
        fail(parcel, "a", Attempts.REFUSED, Duration.ofHours(1));
        fail(parcel, "b", Attempts.TIMED_OUT, Duration.ofDays(2));
        parcel.delivered();
        settle(parcel);
        assertEquals(List.of("shop|p|a|t|1|t|f", "shop|p|b|t|1|t|f"), rows());
        assertEquals(List.of("t|t|t", "t|t|t"), beside.rows("""
                        SELECT next_at > now() + wait - interval '1 minute', next_at <= clock_timestamp() + wait,
                               failed_at > now() - interval '1 minute'
                        FROM deliveries, LATERAL (SELECT CASE WHEN ids = '{a}' THEN interval '1 hour' ELSE interval '2 days' END)
                            AS plan (wait)
                        """));
    }

    @Test
    void when_it_failed_first_is_kept() throws SQLException {
        Parcel parcel = claimOne("{a}", ", attempts, failed_at", ", 3, '2026-01-02Z'");
        fail(parcel, "a", Attempts.REFUSED, Duration.ofHours(1));
        settle(parcel);
        assertEquals(List.of("shop|p|a|f|4|t|f"), rows());
        assertEquals(List.of("t"), beside.rows("SELECT failed_at = '2026-01-02Z' FROM deliveries"));
    }

    @Test
    void what_is_not_tried_again_is_a_dead_letter_that_says_what_it_came_to() throws SQLException {
        Parcel parcel = claimOne("{a}", ", attempts, failed_at", ", 9, '2026-01-02Z'");
        Parcel other = claimOne("{b}", "", "");
        fail(parcel, "a", Attempts.REFUSED, null);
        fail(other, "b", new Attempt(Outcome.UNKNOWN_HOST, 0, Duration.ZERO, null, null), null);
        assertEquals(2, settle(parcel, other));
        assertEquals(List.of(), rows());
        assertEquals(List.of("shop|p|a|10|REFUSED|500|no", "shop|p|b|1|UNKNOWN_HOST|null|null"), dead());
        assertEquals(List.of("t|t", "f|t"), beside.rows("""
                        SELECT first_failed_at = '2026-01-02Z', last_failed_at > now() - interval '1 minute'
                        FROM dead_letters ORDER BY id"""));
    }

    @Test
    void a_parcel_may_come_to_all_of_it_at_once() throws SQLException {
        Parcel parcel = claimOne("{a,b,c,d,e}", "", "");
        parcel.delivered();
        fail(parcel, "b", Attempts.REFUSED, Duration.ofSeconds(5));
        fail(parcel, "c", Attempts.GONE, null);
        parcel.returned("d");
        parcel.returned("e");
        assertEquals(1, settle(parcel));
        assertEquals(List.of("shop|p|b|f|1|t|f", "shop|p|d e|f|0|f|f"), rows());
        assertEquals(List.of("shop|p|c|1|GONE|410|no"), dead());
    }

    @Test
    void what_came_of_a_lease_that_another_has_by_now_changes_nothing() throws SQLException {
        Parcel lost = claimOne("{a,b,c,d}", "", "");
        beside.execute("UPDATE deliveries SET leased_until = now() - interval '1 ms'");
        Parcel parcel = claim(false).get(0);
        lost.delivered();
        fail(lost, "b", Attempts.REFUSED, Duration.ofSeconds(5));
        fail(lost, "c", Attempts.GONE, null);
        lost.returned("d");
        assertEquals(0, settle(lost));
        assertEquals(List.of("shop|p|a b c d|f|0|f|t"), rows());
        assertEquals(List.of(), dead());
        parcel.ids().forEach(id -> parcel.delivered());
        settle(parcel);
        assertEquals(List.of(), rows());
    }

    @Test
    void nor_does_what_came_of_one_that_another_has_settled_by_now() throws SQLException {
        Parcel lost = claimOne("{a,b}", "", "");
        beside.execute("UPDATE deliveries SET leased_until = now() - interval '1 ms'");
        Parcel parcel = claim(false).get(0);
        parcel.delivered();
        parcel.returned("b");
        settle(parcel);
        fail(lost, "a", Attempts.REFUSED, Duration.ofSeconds(5));
        fail(lost, "b", Attempts.REFUSED, null);
        assertEquals(0, settle(lost));
        assertEquals(List.of("shop|p|b|f|0|f|f"), rows());
        assertEquals(List.of(), dead());
    }

    /** Its claim of a moment ago was lost with the database's last moments. */
    @Test
    void nor_does_what_came_of_one_that_nobody_has() throws SQLException {
        Parcel lost = claimOne("{a}", "", "");
        beside.execute("UPDATE deliveries SET leased_until = NULL");
        lost.delivered();
        settle(lost);
        assertEquals(List.of("shop|p|a|f|0|f|f"), rows());
    }

    @Test
    void a_lease_that_is_over_but_nobody_elses_is_good_enough() throws SQLException {
        beside.row("shop", "{a}", ", leased_until", ", now() - interval '1 hour'");
        Parcel parcel = claim(false).get(0);
        beside.execute("UPDATE deliveries SET leased_until = '2026-01-02 03:04:05.678901Z'");
        Parcel late = new Parcel(
                parcel.deliveryId(),
                "shop",
                parcel.event(),
                parcel.ids(),
                false,
                parcel.nextAt(),
                0,
                java.time.OffsetDateTime.parse("2026-01-02T03:04:05.678901Z"),
                0);
        late.delivered();
        settle(late);
        assertEquals(List.of(), rows());
    }

    /** What was divided has not been tried. */
    @Test
    void what_is_put_off_without_an_attempt_has_not_failed() throws SQLException {
        Parcel parcel = claimOne("{a,b}", "", "");
        for (String id : parcel.ids()) {
            parcel.failed(new Parcel.Failure(id, 0, Attempts.REFUSED, Duration.ZERO));
        }
        settle(parcel);
        assertEquals(
                List.of("{a}|0|t", "{b}|0|t"),
                beside.rows("SELECT ids, attempts, failed_at IS NULL FROM deliveries ORDER BY ids"));
    }

    @Test
    void written_twice_because_the_answer_was_lost_it_is_the_same_as_once() throws SQLException {
        Parcel parcel = claimOne("{a,b,c}", "", "");
        fail(parcel, "a", Attempts.REFUSED, Duration.ofSeconds(5));
        fail(parcel, "b", Attempts.REFUSED, null);
        parcel.returned("c");
        assertEquals(1, settle(parcel));
        assertEquals(0, settle(parcel));
        assertEquals(List.of("shop|p|a|f|1|t|f", "shop|p|c|f|0|f|f"), rows());
        assertEquals(1, dead().size());
    }

    @Test
    void of_many_at_once_each_is_settled_for_itself() throws SQLException {
        for (int i = 0; i < 200; i++) {
            beside.row("shop", "{told%d,failed%1$d,dead%1$d,rest%1$d}".formatted(i), "", "");
        }
        List<Parcel> parcels = new ArrayList<>(claim(false));
        parcels.addAll(claim(false));
        parcels.addAll(claim(false));
        assertEquals(200, parcels.size());
        for (Parcel parcel : parcels) {
            parcel.delivered();
            fail(parcel, parcel.ids().get(1), Attempts.REFUSED, Duration.ofSeconds(5));
            fail(parcel, parcel.ids().get(2), Attempts.REFUSED, null);
            parcel.returned(parcel.ids().get(3));
        }
        beside.execute("UPDATE deliveries SET leased_until = now() WHERE delivery_id % 2 = 0");
        assertEquals(100, settle(parcels.toArray(Parcel[]::new)));
        assertEquals(100, dead().size());
        assertEquals(
                List.of("100|100|100"),
                beside.rows("SELECT count(*) FILTER (WHERE ids[1] ~ '^failed' AND attempts = 1),"
                        + " count(*) FILTER (WHERE ids[1] ~ '^rest' AND cardinality(ids) = 1),"
                        + " count(*) FILTER (WHERE cardinality(ids) = 4) FROM deliveries"));
    }

    @Test
    void nobody_waits_for_the_disk_and_what_comes_after_does() throws SQLException {
        Parcel parcel = claimOne("{a}", "", "");
        parcel.delivered();
        settle(parcel);
        assertTrue(beside.rows("SHOW synchronous_commit").stream().noneMatch("off"::equals), "for one statement only");
    }
}
