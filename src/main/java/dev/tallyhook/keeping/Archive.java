package dev.tallyhook.keeping;

import dev.tallyhook.transaction.Sql;
import io.quarkus.logging.Log;
import java.io.IOException;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;

/**
 * Transactions that go are written to a file first. Nothing is deleted but what has been read again from a file that is whole, and is the
 * same as its row. Whatever is broken off is taken up by the next one that looks: a file that was not read again yet is deleted, because all of its
 * rows are there; from one that was, deleting goes on.
 */
class Archive {

    /** Of a file, in bytes before they are compressed: all of it is in memory at a time. */
    private static final int SIZE_ENOUGH = 8 << 20;

    /** Rows of one statement. */
    private static final int PIECE = 1_000;

    private static final String BEGIN = """
            INSERT INTO archives (name, day, transactions, bytes, due_from, due_to)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET state = 'WRITING', loaded_until = NULL, changed_at = clock_timestamp()
            RETURNING 1
            """;

    private static final String CHANGE = """
            UPDATE archives
            SET state = ?, loaded_until = NULL, changed_at = clock_timestamp()
            WHERE name = ? AND state = ?
            RETURNING 1
            """;

    private static final String FORGET = "DELETE FROM archives WHERE name = ? AND state = 'ABANDONED' RETURNING 1";

    private static final String UNDER_WAY = """
            SELECT name, state
            FROM archives
            WHERE state <> 'DONE' AND (loaded_until IS NULL OR loaded_until < now())
            ORDER BY name
            LIMIT 1000
            """;

    private final DataSource dataSource;
    private final ArchivedRows rows;
    private final Departures departures;
    private final ArchiveStore store;

    Archive(DataSource dataSource, ArchivedRows rows, Departures departures, ArchiveStore store) {
        this.dataSource = dataSource;
        this.rows = rows;
        this.departures = departures;
        this.store = store;
    }

    /** What is done between two pieces. */
    interface Pause {
        /**
         * Waits.
         *
         * @param gone since it was called last
         */
        void after(long gone) throws SQLException, InterruptedException;
    }

    private record UnderWay(String name, String state) {}

    /**
     * Takes up what was broken off, and what was loaded for a time that is over.
     *
     * @return the files that cannot be read, from which nothing more is deleted
     */
    List<String> takeUp(Pause pause) throws SQLException, InterruptedException, IOException {
        List<String> unreadable = new ArrayList<>();
        for (UnderWay file :
                new Sql().add(UNDER_WAY).query(dataSource, row -> new UnderWay(row.getString(1), row.getString(2)))) {
            switch (file.state()) {
                case "WRITING", "ABANDONED" -> abandon(file.name());
                default -> {
                    if (file.state().equals("LOADED")) {
                        change(file.name(), "LOADED", "WRITTEN");
                    }
                    try {
                        deleteWhatIsIn(ArchiveFile.read(store, file.name()), pause);
                    } catch (IOException failure) {
                        unreadable.add(String.valueOf(failure.getMessage()));
                    }
                }
            }
        }
        return unreadable;
    }

    /** First it is said that nobody goes on with it, so that nobody does who is only slow. */
    private void abandon(String name) throws SQLException, IOException {
        if (change(name, "WRITING", "ABANDONED")) {
            Log.infof("The file %s of the archive was broken off, and is written anew", name);
        }
        store.delete(name);
        new Sql().add(FORGET, name).query(dataSource, row -> true);
    }

    private boolean change(String name, String from, String to) throws SQLException {
        return !new Sql()
                .add(CHANGE, to, name, from)
                .query(dataSource, row -> true)
                .isEmpty();
    }

    /**
     * Writes those of the first one's day to a file and deletes them.
     *
     * @param old that may go, in the order in which they were due
     * @return the first that is not in the file, because it is of another day, or it is large enough; nothing if all are
     */
    Optional<Departures.Old> write(List<Departures.Old> old, Pause pause)
            throws SQLException, IOException, InterruptedException {
        LocalDate day = old.get(0).day();
        List<Departures.Old> ofDay =
                old.stream().filter(one -> one.day().equals(day)).toList();
        var writer = new ArchiveFile.Writer();
        Set<String> requests = new HashSet<>();
        int written = 0;
        int looked = 0;
        for (; looked < ofDay.size() && writer.size() < SIZE_ENOUGH; looked += PIECE) {
            List<String> ids = ids(ofDay.subList(looked, Math.min(looked + PIECE, ofDay.size())));
            Map<String, ArchivedRows.Line> lines = rows.read(ids);
            for (String id : ids) {
                ArchivedRows.Line line = lines.get(id);
                if (line != null) {
                    writer.add(line.text(line.request() != null && requests.add(line.request())));
                    written++;
                }
            }
        }
        List<Departures.Old> taken = ofDay.subList(0, Math.min(looked, ofDay.size()));
        if (written > 0) {
            file(writer.finish(day), day, written, taken, pause);
        }
        Set<String> takenIds = new HashSet<>(ids(taken));
        return old.stream()
                .filter(one -> !takenIds.contains(one.row().transactionId()))
                .findFirst();
    }

    private void file(ArchiveFile file, LocalDate day, int written, List<Departures.Old> taken, Pause pause)
            throws SQLException, IOException, InterruptedException {
        OffsetDateTime from = taken.get(0).dueAt();
        OffsetDateTime to = taken.get(taken.size() - 1).dueAt();
        new Sql()
                .add(BEGIN, file.name(), day, written, file.content().length, from, to)
                .query(dataSource, row -> true);
        store.write(file.name(), file.content());
        ArchiveFile readAgain = ArchiveFile.read(store, file.name());
        if (!change(file.name(), "WRITING", "WRITTEN")) {
            store.delete(file.name());
            throw new IOException("Another replica has taken over, because this one was slow");
        }
        deleteWhatIsIn(readAgain, pause);
    }

    /** A row that differs from its line was changed since, and stays: it is archived once more. */
    private void deleteWhatIsIn(ArchiveFile file, Pause pause) throws SQLException, IOException, InterruptedException {
        List<String> lines = file.lines();
        for (int i = 0; i < lines.size(); i += PIECE) {
            Map<String, String> cores = new LinkedHashMap<>();
            for (String line : lines.subList(i, Math.min(i + PIECE, lines.size()))) {
                cores.put(rows.transactionId(line), ArchivedRows.core(line));
            }
            List<Departures.Row> same = rows.read(List.copyOf(cores.keySet())).values().stream()
                    .filter(now -> now.core().equals(cores.get(now.row().transactionId())))
                    .map(ArchivedRows.Line::row)
                    .toList();
            pause.after(same.isEmpty() ? 0 : departures.letGo(same));
        }
        change(file.name(), "WRITTEN", "DONE");
    }

    private static List<String> ids(List<Departures.Old> old) {
        return old.stream().map(one -> one.row().transactionId()).toList();
    }
}
