package dev.tallyhook.keeping;

import dev.tallyhook.transaction.Patiently;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import io.quarkus.logging.Log;
import java.io.BufferedReader;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Transactions that go are written to a file first. Nothing is deleted but what has been read again from a file that is whole, and is the
 * same as its row; the request that brought it is not compared, because it never changes. Whatever is broken off is taken up by the next one that looks: a
 * file that was not read again yet is deleted, if all of its rows are there; from one that was, deleting goes on.
 */
class Archive {

    /** Of a file, in bytes before they are compressed: commands have all of it in memory at a time. */
    private static final int SIZE_ENOUGH = 8 << 20;

    /** Rows of one transaction: who commits beside it waits for what it has written. */
    static final int PIECE = 250;

    private static final String NOW = "SELECT clock_timestamp()";

    /** By somebody before: who writes has finished one when he begins the next. */
    private static final String IS_BROKEN_OFF =
            "SELECT name FROM archives WHERE state = 'WRITING' ORDER BY name LIMIT 1";

    private static final String BEGIN = """
            INSERT INTO archives (name, day, transactions, bytes, due_from, due_to)
            SELECT ?, ?, ?, ?, ?, ?
            WHERE NOT EXISTS (SELECT FROM archives WHERE state = 'WRITING')
            RETURNING 1
            """;

    /** Whoever has the lease by then has deleted it, or will. */
    private static final String IS_WRITTEN = """
            UPDATE archives
            SET state = 'WRITTEN', changed_at = clock_timestamp()
            WHERE name = ? AND state = 'WRITING' AND\s""" + Lease.IS_HELD + """

            RETURNING 1
            """;

    private static final String ABANDON = """
            UPDATE archives
            SET state = 'ABANDONED', changed_at = clock_timestamp()
            WHERE name = ? AND state IN ('WRITING', 'ABANDONED')
            RETURNING 1
            """;

    private static final String FORGET = "DELETE FROM archives WHERE name = ? AND state = 'ABANDONED' RETURNING 1";

    private static final String IS_KNOWN = "SELECT FROM archives WHERE name = ?";

    private static final String COUNT = "SELECT count(*) FROM transactions WHERE transaction_id = ANY (?)";

    private static final String COUNTS_AFTER_ALL = """
            UPDATE archives
            SET state = 'WRITTEN', changed_at = clock_timestamp()
            WHERE name = ? AND state = 'WRITING'
            RETURNING 1
            """;

    /** Again, if it is: somebody may have loaded it once more since it was looked at. */
    private static final String IS_TO_BE_DELETED = """
            UPDATE archives
            SET state = 'WRITTEN', loaded_until = NULL
            WHERE name = ? AND (state = 'WRITTEN' OR (state = 'LOADED' AND loaded_until < now()))
            RETURNING 1
            """;

    private static final String IS_STILL_WRITTEN = "SELECT FROM archives WHERE name = ? AND state = 'WRITTEN'";

    private static final String IS_DONE = """
            UPDATE archives
            SET state = 'DONE', changed_at = clock_timestamp()
            WHERE name = ? AND state = 'WRITTEN'
            RETURNING 1
            """;

    /** Whoever writes one that was abandoned is only slow, and it may come after it was deleted; no write takes a day. */
    private static final String UNDER_WAY = """
            SELECT name, state
            FROM archives
            WHERE state <> 'DONE'
              AND (loaded_until IS NULL OR loaded_until < now())
              AND (state <> 'ABANDONED' OR changed_at < now() - interval '1 day')
            ORDER BY name
            LIMIT 1000
            """;

    private final DataSource dataSource;
    private final ArchivedRows rows;
    private final Departures departures;
    private final ArchiveStore store;
    private final Lease lease;

    Archive(DataSource dataSource, ArchivedRows rows, Departures departures, ArchiveStore store, Lease lease) {
        this.dataSource = dataSource;
        this.rows = rows;
        this.departures = departures;
        this.store = store;
        this.lease = lease;
    }

    /** What is done between two pieces. */
    interface Pause {
        /**
         * Looks whether to go on, and rests.
         *
         * @param gone transactions since it was called last
         * @throws InterruptedException if it is not to go on: what is under way is taken up by somebody
         */
        void after(long gone) throws SQLException, InterruptedException;
    }

    private record UnderWay(String name, String state) {}

    /**
     * Takes up what was broken off, and what was loaded for a time that is over.
     *
     * @return what is wrong with files, from which nothing more is deleted for now
     */
    List<String> takeUp(Pause pause) throws SQLException, InterruptedException {
        List<String> wrong = new ArrayList<>();
        List<UnderWay> files =
                new Sql().add(UNDER_WAY).query(dataSource, row -> new UnderWay(row.getString(1), row.getString(2)));
        for (UnderWay file : files) {
            pause.after(0);
            try {
                takeUp(file, pause);
            } catch (Lease.LostException lost) {
                throw lost;
            } catch (IOException failure) {
                wrong.add(String.valueOf(failure.getMessage()));
            } catch (SQLException | RuntimeException failure) {
                wrong.add(file.name() + ": " + failure);
            }
        }
        return wrong;
    }

    private void takeUp(UnderWay file, Pause pause) throws SQLException, IOException, InterruptedException {
        if (file.state().equals("WRITING")) {
            decide(file.name(), pause);
        } else if (file.state().equals("ABANDONED")) {
            forget(file.name());
        } else if (is(IS_TO_BE_DELETED, file.name())) {
            deleteWhatIsIn(ArchiveFile.read(store, file.name()), false, pause);
        }
    }

    /**
     * Nobody has said that its rows may be deleted, and yet some may be gone: their deletion may have come through a failover that what allowed it did
     * not, and who erases asks for no file.
     */
    private void decide(String name, Pause pause) throws SQLException, IOException, InterruptedException {
        ArchiveFile file = ifWhole(name);
        if (file == null || isAllThere(file, pause)) {
            abandon(name);
        } else if (is(COUNTS_AFTER_ALL, name)) {
            Log.warnf("The file %s of the archive was broken off, and stays: not all of it is in the ledger", name);
            deleteWhatIsIn(file, false, pause);
        }
    }

    /**
     * First it is said that nobody goes on with it, so that nobody does who is only slow; unless he has gone on meanwhile. It is not forgotten before it is
     * certain that he does not write it after this.
     */
    private void abandon(String name) throws SQLException, IOException {
        if (is(ABANDON, name)) {
            Log.infof("The file %s of the archive was broken off, and is written anew", name);
            store.delete(name);
        }
    }

    /** One that nobody writes any more. */
    private void forget(String name) throws SQLException, IOException {
        store.delete(name);
        is(FORGET, name);
    }

    /** Nothing was ever deleted by a file that is not whole. */
    private @Nullable ArchiveFile ifWhole(String name) throws IOException {
        try {
            return ArchiveFile.read(store, name);
        } catch (ArchiveFile.NotWholeException brokenOff) {
            return null;
        }
    }

    private boolean isAllThere(ArchiveFile file, Pause pause) throws SQLException, IOException, InterruptedException {
        try (BufferedReader lines = file.open()) {
            Set<String> ids = piece(lines).keySet();
            while (!ids.isEmpty()) {
                long there = new Sql()
                        .add(COUNT, (Object) ids.toArray(String[]::new))
                        .query(dataSource, row -> row.getLong(1))
                        .get(0);
                if (there < ids.size()) {
                    return false;
                }
                pause.after(0);
                ids = piece(lines).keySet();
            }
        }
        return true;
    }

    private boolean is(String statement, Object... values) throws SQLException {
        return !new Sql().add(statement, values).query(dataSource, row -> true).isEmpty();
    }

    /**
     * Writes those of the first one's day to a file, as far as it is not large enough, and deletes them.
     *
     * @param old that may go, in the order in which they were due
     * @return those that are in no file, because they are of another day, or it was large enough
     */
    List<Departures.Old> write(List<Departures.Old> old, Pause pause)
            throws SQLException, IOException, InterruptedException {
        requireNoneBrokenOff();
        LocalDate day = old.get(0).day();
        List<Departures.Old> left = new ArrayList<>();
        List<Departures.Old> taken = new ArrayList<>();
        for (Departures.Old one : old) {
            (one.day().equals(day) ? taken : left).add(one);
        }
        var writer = new ArchiveFile.Writer();
        Set<String> requests = new HashSet<>();
        int written = 0;
        int looked = 0;
        while (looked < taken.size() && writer.size() < SIZE_ENOUGH) {
            pause.after(0);
            List<String> ids = ids(taken.subList(looked, Math.min(looked + PIECE, taken.size())));
            Map<String, ArchivedRows.Line> lines = rows.read(ids);
            for (int i = 0; i < ids.size() && writer.size() < SIZE_ENOUGH; i++, looked++) {
                ArchivedRows.Line line = lines.get(ids.get(i));
                // What was changed since it was found may be owed to an endpoint by now.
                if (line != null && line.row().equals(taken.get(looked).row())) {
                    writer.add(rows.whole(line, line.request() != null && requests.add(line.request())));
                    written++;
                }
            }
        }
        left.addAll(0, taken.subList(looked, taken.size()));
        if (written > 0) {
            file(writer, day, written, taken.subList(0, looked), pause);
        }
        return left;
    }

    /** What is deleted by another file would be missed in that one when it is decided what becomes of it, and be archived twice. */
    private void requireNoneBrokenOff() throws SQLException, IOException {
        List<String> brokenOff = new Sql().add(IS_BROKEN_OFF).query(dataSource, row -> row.getString(1));
        if (!brokenOff.isEmpty()) {
            throw new IOException(brokenOff.get(0) + " was broken off, and nothing is written before that is taken up");
        }
    }

    private void file(ArchiveFile.Writer writer, LocalDate day, int written, List<Departures.Old> taken, Pause pause)
            throws SQLException, IOException, InterruptedException {
        Instant now = new Sql()
                .add(NOW)
                .query(dataSource, row -> Timestamps.of(row, 1))
                .get(0);
        ArchiveFile file = writer.finish(day, now);
        begin(file, day, written, taken);
        pause.after(0);
        store.write(file.name(), file.content());
        ArchiveFile readAgain = ArchiveFile.read(store, file.name());
        if (!is(IS_WRITTEN, file.name(), lease.name())) {
            // In this order: who has taken over may go on from it, and does not any more once it is abandoned.
            if (is(ABANDON, file.name()) || !is(IS_KNOWN, file.name())) {
                forget(file.name());
            }
            throw new Lease.LostException();
        }
        deleteWhatIsIn(readAgain, true, pause);
    }

    /** By who has the lease until this is committed, and beside no other: so each one sees what those before him have left. */
    private void begin(ArchiveFile file, LocalDate day, int written, List<Departures.Old> taken)
            throws SQLException, IOException {
        boolean begun;
        try (Connection connection = dataSource.getConnection()) {
            begun = Patiently.commit(connection, patient -> {
                lease.holdOn(patient);
                return !new Sql()
                        .add(
                                BEGIN,
                                file.name(),
                                day,
                                written,
                                file.content().length,
                                taken.get(0).dueAt(),
                                taken.get(taken.size() - 1).dueAt())
                        .query(patient, row -> true)
                        .isEmpty();
            });
        }
        if (!begun) {
            throw new IOException(
                    "A file of another replica was broken off, and nothing is written before that is taken up");
        }
    }

    /**
     * A row that differs from its line was changed since, and stays: it is archived once more. One that somebody has locked goes by this file later, whose
     * deletion may be undone.
     */
    private void deleteWhatIsIn(ArchiveFile file, boolean isJustWritten, Pause pause)
            throws SQLException, IOException, InterruptedException {
        long locked = 0;
        try (BufferedReader lines = file.open()) {
            Map<String, String> cores = piece(lines);
            while (!cores.isEmpty()) {
                Departures.Piece piece = departures.letGo(same(cores), file.name(), isJustWritten);
                locked += piece.locked();
                pause.after(piece.gone());
                cores = piece(lines);
            }
        }
        if (!is(locked > 0 ? IS_STILL_WRITTEN : IS_DONE, file.name())) {
            throw new IOException(
                    file.name() + " counts as written no more, so not all of it is deleted from the ledger");
        }
    }

    /** The next lines of a file by their ids, without the requests that brought them. */
    private Map<String, String> piece(BufferedReader lines) throws IOException {
        Map<String, String> cores = new LinkedHashMap<>();
        while (cores.size() < PIECE) {
            String line = lines.readLine();
            if (line == null) {
                break;
            }
            cores.put(rows.transactionId(line), ArchivedRows.core(line));
        }
        return cores;
    }

    private List<Departures.Row> same(Map<String, String> cores) throws SQLException {
        return rows.read(List.copyOf(cores.keySet())).values().stream()
                .filter(now -> now.core().equals(cores.get(now.row().transactionId())))
                .map(ArchivedRows.Line::row)
                .toList();
    }

    private static List<String> ids(List<Departures.Old> old) {
        return old.stream().map(one -> one.row().transactionId()).toList();
    }
}
