package dev.tallyhook.keeping;

import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import dev.tallyhook.transaction.Sql;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;

/** The requests of the ledger, which are kept together: what goes of a pack leaves the others where they are. */
final class KeptPacks {

    private static final int PIECE = 500;

    /** One may have a request of 1 MiB or more, so only a few are in memory at a time. */
    private static final int FETCH = 8;

    private static final String PACK = "SELECT raw FROM requests WHERE id = ? FOR UPDATE";

    private static final String KEEP_PACK = "UPDATE requests SET raw = ? WHERE id = ? RETURNING 1";

    private static final String DROP_PACK = "DELETE FROM requests WHERE id = ? RETURNING 1";

    /** With the places in each that transactions name: they came in the millisecond of which its number is. */
    private static final String NEXT = """
            SELECT id, raw,
                   ARRAY (
                       SELECT DISTINCT request_place::integer
                       FROM transactions
                       WHERE created_at >= to_timestamp((id >> 20) / 1000.0) - interval '2 milliseconds'
                         AND created_at <= to_timestamp((id >> 20) / 1000.0) + interval '2 milliseconds'
                         AND request = id)
            FROM requests
            WHERE id > ?
            ORDER BY id
            LIMIT ?
            """;

    private long reached = Long.MIN_VALUE;
    private boolean mayBeMore = true;
    private int unreadable;

    /**
     * Empties those places of a pack; it goes when nothing is in it any more.
     *
     * @return whether it could be read; if not, it stays as it is
     */
    static boolean empty(Connection connection, long pack, IntPredicate places) throws SQLException {
        for (byte[] stored : new Sql().add(PACK, pack).query(connection, row -> row.getBytes(1))) {
            List<RawRequest> all;
            try {
                all = new ArrayList<>(RawRequests.readAll(stored));
            } catch (RuntimeException damaged) {
                return false;
            }
            for (int place = 0; place < all.size(); place++) {
                if (places.test(place)) {
                    all.set(place, RawRequests.NONE);
                }
            }
            boolean isEmpty = all.stream().allMatch(raw -> raw.body().length == 0);
            Sql change = isEmpty
                    ? new Sql().add(DROP_PACK, pack)
                    : new Sql().add(KEEP_PACK, RawRequests.compress(all), pack);
            change.query(connection, row -> true);
        }
        return true;
    }

    /** Whether there may be packs that {@link #emptyUnnamed} has not looked at. */
    boolean hasMore() {
        return mayBeMore;
    }

    /** How many packs could not be read. */
    int unreadable() {
        return unreadable;
    }

    /**
     * Empties in the next packs what no transaction names, and nobody can read: it was packed as it came, and then it was a repetition, or
     * was refused. A pack that none names is left alone: it goes by its time, as a whole.
     *
     * @param connection in a transaction
     */
    boolean emptyUnnamed(Connection connection) throws SQLException {
        Map<Long, Set<Integer>> named = new HashMap<>();
        int looked = 0;
        try (PreparedStatement next = connection.prepareStatement(NEXT)) {
            next.setFetchSize(FETCH);
            next.setLong(1, reached);
            next.setInt(2, PIECE);
            try (ResultSet row = next.executeQuery()) {
                for (; row.next(); looked++) {
                    reached = row.getLong(1);
                    Set<Integer> places = places(row.getArray(3));
                    if (!places.isEmpty() && hasOthers(row.getBytes(2), places)) {
                        named.put(reached, places);
                    }
                }
            }
        }
        mayBeMore = looked == PIECE;
        for (Map.Entry<Long, Set<Integer>> pack : named.entrySet()) {
            empty(connection, pack.getKey(), place -> !pack.getValue().contains(place));
        }
        return mayBeMore;
    }

    private static Set<Integer> places(Array named) throws SQLException {
        return new HashSet<>(List.of((Integer[]) named.getArray()));
    }

    private boolean hasOthers(byte[] stored, Set<Integer> named) {
        try {
            List<RawRequest> all = RawRequests.readAll(stored);
            for (int place = 0; place < all.size(); place++) {
                if (!named.contains(place) && all.get(place).body().length > 0) {
                    return true;
                }
            }
        } catch (RuntimeException damaged) {
            unreadable++;
        }
        return false;
    }
}
