package dev.tallyhook.keeping;

import dev.tallyhook.transaction.Patiently;
import dev.tallyhook.transaction.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.sql.DataSource;

/** What goes by its own time and leaves nothing behind: requests, conflicts, dead letters, and ids of what is gone. Deleted from its oldest on, piece by piece. */
class Leftovers {

    /** Whatever has its own time. */
    enum Kind {
        /**
         * Their ids are of the milliseconds in which they came, so the oldest are the first. One that is kept as long as its transactions
         * goes when none of those that came at its time names it.
         */
        REQUESTS(
                "id",
                "?::interval IS NOT NULL", // They never change.
                false,
                """
                SELECT requests.id,
                       ?::boolean
                           OR NOT EXISTS (
                               SELECT FROM transactions
                               WHERE created_at >= to_timestamp((requests.id >> 20) / 1000.0) - interval '2 milliseconds'
                                 AND created_at <= to_timestamp((requests.id >> 20) / 1000.0) + interval '2 milliseconds'
                                 AND request = requests.id)
                FROM requests
                WHERE id > ?
                  AND id < greatest(0, extract(epoch FROM now() - ?::interval) * 1000)::bigint << 20
                ORDER BY id
                LIMIT ?
                """),

        /** Their numbers follow the times at which they came first. */
        CONFLICTS("conflict_id", "last_received_at < now() - ?::interval", false, """
                SELECT conflict_id, ?::boolean AND last_received_at < now() - kept
                FROM conflicts, CAST(? AS bigint) AS reached, CAST(? AS interval) AS kept
                WHERE conflict_id > reached
                  AND received_at < now() - kept
                ORDER BY conflict_id
                LIMIT ?
                """),

        /**
         * Their numbers follow the times at which they were given up, nearly: as far as commits overtake each other, and clocks are set. No index
         * has the times, so it is not looked beyond the first piece of which none is old enough: what is older and behind it goes when that does.
         */
        DEAD_LETTERS("dead_letter_id", "last_failed_at < now() - ?::interval", true, """
                SELECT dead_letter_id, alone AND last_failed_at < since
                FROM (SELECT dead_letter_id, last_failed_at, ?::boolean AS alone FROM dead_letters WHERE dead_letter_id > ?) AS letter,
                     (SELECT now() - ?::interval AS since) AS kept
                ORDER BY dead_letter_id
                LIMIT ?
                """);

        final String next;
        private final String delete;
        private final boolean endsWithTheYoung;

        /** @param endsWithTheYoung whether also those are found that are not old enough, of which a piece is the last one */
        Kind(String key, String stillOld, boolean endsWithTheYoung, String next) {
            String table = name().toLowerCase(Locale.ROOT);
            this.next = next;
            this.endsWithTheYoung = endsWithTheYoung;
            this.delete = """
                    DELETE FROM %1$s
                    WHERE %2$s = ANY (ARRAY (
                        SELECT %2$s
                        FROM %1$s
                        WHERE %2$s = ANY (?) AND %3$s
                        FOR UPDATE SKIP LOCKED))
                    RETURNING 1
                    """.formatted(table, key, stillOld);
        }
    }

    private static final String FORGET = """
            DELETE FROM gone
            WHERE ctid = ANY (ARRAY (
                SELECT ctid
                FROM gone
                WHERE gone_at < now() - ?::interval
                ORDER BY gone_at
                LIMIT ?
                FOR UPDATE SKIP LOCKED))
            RETURNING 1
            """;

    private record Next(long key, boolean mayGo) {}

    private final DataSource dataSource;
    private final Map<Kind, Long> reached = new EnumMap<>(Kind.class);

    Leftovers(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** Looks at all of them once more. */
    void beginAnew() {
        reached.clear();
    }

    /**
     * What came of a piece.
     *
     * @param mayBeMore whether there may be more to be deleted now
     */
    record Piece(long deleted, boolean mayBeMore) {}

    /**
     * Deletes some.
     *
     * @param age how long they are kept
     * @param alone whether nothing else keeps them
     */
    Piece delete(Kind kind, String age, boolean alone, int most) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Patiently.commit(connection, patient -> {
                List<Next> next = new Sql()
                        .add(kind.next, alone, reached.getOrDefault(kind, 0L), age, most)
                        .query(patient, row -> new Next(row.getLong(1), row.getBoolean(2)));
                Long[] going = next.stream().filter(Next::mayGo).map(Next::key).toArray(Long[]::new);
                long deleted = new Sql()
                        .add(kind.delete, going, age)
                        .query(patient, row -> true)
                        .size();
                if (kind.endsWithTheYoung && going.length > 0) {
                    reached.put(kind, going[going.length - 1]);
                } else if (!kind.endsWithTheYoung && !next.isEmpty()) {
                    reached.put(kind, next.get(next.size() - 1).key());
                }
                return new Piece(deleted, next.size() == most && (going.length > 0 || !kind.endsWithTheYoung));
            });
        }
    }

    /** Whether there are any. */
    boolean areIdsRemembered() throws SQLException {
        return !new Sql()
                .add("SELECT FROM gone LIMIT 1")
                .query(dataSource, row -> true)
                .isEmpty();
    }

    /** Forgets the ids of some that went long ago. */
    Piece forget(String age, int most) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            long deleted = Patiently.commit(
                            connection,
                            patient -> new Sql().add(FORGET, age, most).query(patient, row -> true))
                    .size();
            return new Piece(deleted, deleted == most);
        }
    }
}
