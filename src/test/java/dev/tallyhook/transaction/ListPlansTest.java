package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** How PostgreSQL serves lists of a ledger of a million rows, of which the latest 30,000 wait. */
@QuarkusTest
class ListPlansTest {

    private static final int PAGE = 51;

    /** All that wait: what a page of one account reads at most that is not its own. */
    private static final int WAITING = 30_000;

    private static final Instant NEWEST = Instant.parse("2001-01-01T00:00:00Z");

    /** A ledger beside that of the service, in a schema of its own: who fills it before it has its indexes waits half as long. */
    private static final String BESIDE = """
            CREATE SCHEMA plans;
            SET LOCAL search_path = plans, public;
            CREATE UNLOGGED TABLE plans.transactions (LIKE public.transactions INCLUDING ALL EXCLUDING INDEXES) WITH (fillfactor = 50);
            CREATE UNLOGGED TABLE plans.stretches (LIKE public.stretches INCLUDING ALL);
            CREATE UNLOGGED TABLE plans.strays (LIKE public.strays INCLUDING ALL);
            CREATE UNLOGGED TABLE plans.postings (LIKE public.postings INCLUDING ALL);
            CREATE UNLOGGED TABLE plans.late_postings (LIKE public.late_postings INCLUDING ALL)
            """;

    /** All but the newest 25,000, which are ten seconds that are about to be closed: a large stretch, and small ones of 10,000 each. */
    private static final String POST = """
            SELECT post_stretch('-infinity', timestamptz '2001-01-01 00:00:00Z' - interval '125 s');
            SELECT post_stretch(
                timestamptz '2001-01-01 00:00:00Z' - (i + 10) * interval '1 s', timestamptz '2001-01-01 00:00:00Z' - i * interval '1 s')
            FROM generate_series(115, 25, -10) AS i
            """;

    /** Those of the service's ledger, under their names. */
    private static final String INDEXES = """
            DO $$
            DECLARE
                definition text;
            BEGIN
                FOR definition IN
                    SELECT replace(pg_get_indexdef(indexrelid), ' ON public.transactions ', ' ON plans.transactions ')
                    FROM pg_index WHERE indrelid = 'public.transactions'::regclass
                LOOP
                    EXECUTE definition;
                END LOOP;
            END $$
            """;

    private static final String COUNT_INDEXES =
            "SELECT count(*) FROM pg_index WHERE indrelid = '%s.transactions'::regclass";

    private static final String MILLION = """
            INSERT INTO transactions (
                transaction_id, source_account, destination_account, amount, currency, created_at, due_at, status, processed_at,
                source, type, subject, occurred_at, unmapped)
            SELECT 'plan_' || i,
                   CASE WHEN i % 10 = 0 THEN 'busy' ELSE 'user_' || hashint4(i) % 100000 END,
                   CASE WHEN i % 7 = 0 THEN 'busy' ELSE 'shop_' || hashint4(i * 31) % 2000 END,
                   1, 'INR', created_at, due_at,
                   CASE WHEN i <= 30000 THEN 'PROCESSING' ELSE 'PROCESSED' END,
                   CASE WHEN i > 30000 THEN due_at END,
                   source,
                   CASE WHEN source IS NOT NULL THEN CASE WHEN i % 30000 = 3 THEN 'rare.type' ELSE 'busy.type' END END,
                   CASE WHEN source IS NOT NULL THEN 'subject_' || i / 10 END,
                   CASE WHEN source IS NOT NULL THEN created_at - i % 1000 * interval '1 s' END,
                   CASE WHEN source IS NOT NULL AND i % 9000 = 6 THEN 'no_amount' END
            FROM generate_series(1, 1000000) AS i,
                 LATERAL (SELECT timestamptz '2001-01-01 00:00:00Z' - i / 100 * interval '100 ms') AS creation (created_at),
                 LATERAL (SELECT created_at + interval '30 seconds') AS due (due_at),
                 LATERAL (SELECT CASE WHEN i % 60000 = 5 THEN 'rare' WHEN i % 3 = 0 THEN 'busy' END) AS sender (source)
            """;

    @ConfigProperty(name = "quarkus.datasource.jdbc.url")
    String url;

    /** What the sessions of the pool have, because plans depend on it. */
    @ConfigProperty(name = "quarkus.datasource.jdbc.additional-jdbc-properties.options")
    String options;

    @Test
    void each_combination_of_filters_is_served_by_an_index() throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            statement.execute("BEGIN");
            try {
                statement.execute("SET LOCAL statement_timeout = 0");
                statement.execute(BESIDE);
                statement.execute(MILLION);
                statement.execute("SET LOCAL maintenance_work_mem = '128MB'");
                statement.execute(INDEXES);
                assertEquals(
                        number(statement, COUNT_INDEXES.formatted("public")),
                        number(statement, COUNT_INDEXES.formatted("plans")));
                statement.execute("ANALYZE transactions");
                statement.execute(POST);
                statement.execute("ANALYZE stretches, postings, late_postings");
                List<Executable> checks = new ArrayList<>();
                for (TransactionFilter filter : Stream.concat(filters().stream(), filtersOfEvents().stream())
                        .toList()) {
                    for (var after : List.of(Optional.<Cursor>empty(), inTheMiddle())) {
                        JsonNode plan = explain(connection, TransactionPages.select(filter, PAGE, after));
                        checks.add(() -> assertIsServed(filter, plan));
                    }
                }
                for (TransactionFilter filter : filtersById()) {
                    JsonNode plan = explain(connection, TransactionPages.select(filter, PAGE, Optional.empty()));
                    checks.add(() -> assertIsServedByTheKey(filter, plan));
                }
                assertAll(checks);
            } finally {
                statement.execute("ROLLBACK");
            }
        }
    }

    private static long number(Statement statement, String sql) throws SQLException {
        try (var row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    /** Without the pool's timeout of the socket, which a million rows exceed. */
    private Connection connect() throws SQLException {
        var properties = new Properties();
        properties.put("user", "postgres");
        properties.put("options", options);
        return DriverManager.getConnection(url, properties);
    }

    private static Optional<Cursor> inTheMiddle() {
        return Optional.of(new Cursor(NEWEST.minusSeconds(500), "plan_500000"));
    }

    private static List<TransactionFilter> filters() {
        List<TransactionFilter> filters = new ArrayList<>();
        for (var status : either(TransactionStatus.PROCESSING, TransactionStatus.PROCESSED)) {
            for (var source : either("busy", "user_777")) {
                for (var destination : either("busy", "shop_777")) {
                    for (var from : either(NEWEST.minusSeconds(900))) {
                        for (var to : either(NEWEST.minusSeconds(10))) {
                            filters.add(new TransactionFilter(Optional.empty(), status, source, destination, from, to));
                        }
                    }
                }
            }
        }
        return filters;
    }

    /** Of what named senders post, by whatever else there is; with an account nobody knows which of two indexes is the better. */
    private static List<TransactionFilter> filtersOfEvents() {
        List<TransactionFilter> filters = new ArrayList<>();
        for (var status : either(TransactionStatus.PROCESSING, TransactionStatus.PROCESSED)) {
            for (var source : either("busy", "rare", "nobody")) {
                for (var type : either("busy.type", "rare.type")) {
                    for (var subject : either("subject_50000")) {
                        for (boolean unmapped : new boolean[] {false, true}) {
                            filters.add(new TransactionFilter(
                                    Optional.empty(),
                                    status,
                                    Optional.empty(),
                                    Optional.empty(),
                                    Optional.empty(),
                                    Optional.empty(),
                                    new EventFilter(
                                            source, type, subject, Optional.empty(), Optional.empty(), unmapped)));
                        }
                    }
                }
            }
        }
        return filters;
    }

    /** Of a transaction that waits, of one that is finished, and of none, alone and narrowed by whatever else there is. */
    private static List<TransactionFilter> filtersById() {
        List<TransactionFilter> filters = new ArrayList<>();
        for (var id : List.of("plan_10", "plan_500000", "none")) {
            for (TransactionFilter other : filters()) {
                filters.add(new TransactionFilter(
                        Optional.of(id),
                        other.status(),
                        other.sourceAccount(),
                        other.destinationAccount(),
                        other.createdFrom(),
                        other.createdTo()));
            }
        }
        return filters;
    }

    @SafeVarargs
    private static <T> List<Optional<T>> either(T... values) {
        List<Optional<T>> all = new ArrayList<>(List.of(Optional.empty()));
        for (T value : values) {
            all.add(Optional.of(value));
        }
        return all;
    }

    private static JsonNode explain(Connection connection, Sql select) throws SQLException {
        List<String> plan = new Sql()
                .add("EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ")
                .add(select)
                .query(connection, row -> row.getString(1));
        try {
            return new ObjectMapper().readTree(plan.get(0)).get(0).get("Plan");
        } catch (com.fasterxml.jackson.core.JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static void assertIsServed(TransactionFilter filter, JsonNode plan) {
        String said = filter + "\n" + plan.toPrettyString();
        assertFalse(plan.findValuesAsText("Node Type").contains("Seq Scan"), said);
        assertTrue(rowsRead(plan) <= WAITING + 20 * PAGE, () -> rowsRead(plan) + " rows read for " + said);
    }

    private static void assertIsServedByTheKey(TransactionFilter filter, JsonNode plan) {
        String said = filter + "\n" + plan.toPrettyString();
        assertEquals(Set.of("transactions_pkey"), Set.copyOf(plan.findValuesAsText("Index Name")), said);
        assertTrue(rowsRead(plan) <= 2, said);
    }

    /** By the scans of the table: those that came out, and those that a filter took away. */
    private static long rowsRead(JsonNode node) {
        long read = 0;
        if (node.path("Relation Name").asText().equals("transactions")) {
            read += node.path("Actual Loops").asLong()
                    * (node.path("Actual Rows").asLong()
                            + node.path("Rows Removed by Filter").asLong());
        }
        for (JsonNode child : node.path("Plans")) {
            read += rowsRead(child);
        }
        return read;
    }
}
