package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** Conflicts that an earlier version has recorded, a row for each attempt, become one for each content. */
class MergeConflictsTest {

    /** Of more ids than are merged at once: 2,000 with five rows of two contents, and one with 5,000 rows of one. */
    private static final String FILL = """
            INSERT INTO conflicts (transaction_id, source_account, destination_account, amount, currency, received_at)
            SELECT 'id_' || i / 5, 'from', 'to', CASE i %% 5 WHEN 0 THEN 1.50 WHEN 1 THEN 1.5 WHEN 2 THEN 2 WHEN 3 THEN 1.500 ELSE 2.0 END,
                   'INR', timestamptz '%1$s' + i * interval '1 s'
            FROM generate_series(0, 9999) AS i
            UNION ALL
            SELECT 'repeated', 'from', 'to', 7, 'INR', timestamptz '%1$s' + i * interval '1 s'
            FROM generate_series(1, 5000) AS i
            """;

    private static final String OF_EACH_ID = """
            SELECT count(*) FROM conflicts
            WHERE amount = %s AND attempts = %s
              AND extract(epoch FROM received_at)::bigint %% 5 = %s AND extract(epoch FROM last_received_at)::bigint %% 5 = %s
            """;

    /** Whole fives of seconds. */
    private static final String FIRST = "2025-01-01 00:00:00Z";

    @Test
    void by_content_with_the_first_time_the_last_time_and_how_often() throws Exception {
        try (var database = new DatabaseServer()) {
            database.migrateTo("005");
            database.execute(FILL.formatted(FIRST));
            long latest = database.number("SELECT max(conflict_id) FROM conflicts");
            database.migrateTo("latest");
            assertEquals(4001, database.number("SELECT count(*) FROM conflicts"));
            assertEquals(15_000, database.number("SELECT sum(attempts) FROM conflicts"));
            assertEquals(latest, database.number("SELECT last_value FROM conflicts_conflict_id_seq"));
            assertEquals(2000, database.number(OF_EACH_ID.formatted("1.5", 3, 0, 3)));
            assertEquals(2000, database.number(OF_EACH_ID.formatted("2", 2, 2, 4)));
            assertEquals(1, database.number("""
                    SELECT count(*) FROM conflicts
                    WHERE transaction_id = 'repeated' AND attempts = 5000
                      AND last_received_at - received_at = interval '4999 s'"""));
            // What the intake looks for by its own digest.
            assertEquals(4001, database.number("SELECT count(DISTINCT (transaction_id, content)) FROM conflicts"));
        }
    }
}
