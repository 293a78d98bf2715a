package dev.tallyhook.chaos;

import dev.tallyhook.packaged.ArchivedFile;
import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Service;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Replicas let go what was finished some seconds ago, into an archive. In the end the service's own command loads all of it back, and the audit looks
 * at a ledger that is whole again, beside what the archive and the memory of ids said before.
 */
final class Retention {

    /** Longer than a replica rests that could not do it. */
    private static final Duration STILL = Duration.ofSeconds(35);

    /** By then whoever had the lease knows that he has lost it, and has finished what he was at. */
    private static final Duration NOTICED = Duration.ofSeconds(8);

    private static final String IS_UNDER_WAY = "SELECT count(*) FROM archives WHERE state NOT IN ('DONE', 'ABANDONED')";

    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final Duration keep;
    private final Path archive;

    /** Of what was finished so long ago, into a directory that is there. */
    Retention(Duration keep, Path archive) {
        this.keep = keep;
        this.archive = archive;
    }

    Map<String, String> environment() {
        return Map.of(
                "TALLYHOOK_LEDGER_KEEP", keep.toString(),
                "TALLYHOOK_LEDGER_ARCHIVE_TO", archive.toAbsolutePath().toString());
    }

    /** As if the minute had passed after which another replica takes over from one that has died, or stands still. */
    static void letTakeOver(DatabaseServer database) throws SQLException {
        database.execute("UPDATE keeping SET until = '-infinity'");
    }

    /** Waits until every file is done with, and nothing is left, or what is left stays: it is owed to somebody, or was stepped over. */
    void awaitRest(DatabaseServer database) throws Exception {
        letTakeOver(database);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        long stored = -1;
        long since = System.nanoTime();
        boolean isUnderWay = true;
        while (isUnderWay || (stored > 0 && System.nanoTime() - since < STILL.toNanos())) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("Transactions still go, or not all files of the archive are done");
            }
            Thread.sleep(100);
            long now = database.number("SELECT count(*) FROM transactions");
            isUnderWay = database.number(IS_UNDER_WAY) > 0;
            if (now != stored || isUnderWay) {
                stored = now;
                since = System.nanoTime();
            }
        }
        if (stored > 0) {
            // What is owed no more may go at any time, and not while replicas are stopped one after the other.
            database.execute("UPDATE keeping SET replica = 'chaos', until = now() + interval '55 seconds'");
            Thread.sleep(NOTICED.toMillis());
            if (database.number(IS_UNDER_WAY) > 0) {
                awaitRest(database);
            }
        }
    }

    /** When no replica runs: writes down what is gone and what is in the archive, and loads that. */
    void bringBack(DatabaseServer database, Map<String, String> environment) throws Exception {
        letTakeOver(database);
        database.execute("""
                INSERT INTO audit.gone
                SELECT transaction_id, content, gone_at, interval '%d milliseconds'
                FROM gone
                WHERE NOT EXISTS (SELECT FROM transactions WHERE transactions.transaction_id = gone.transaction_id)
                """.formatted(keep.toMillis()));
        readArchive(database);
        var settings = new HashMap<>(environment);
        settings.putAll(environment());
        for (String day : database.texts("SELECT DISTINCT day::text FROM archives")) {
            try (var command = Service.commandOn(settings, "", "archive-load", day)) {
                if (command.awaitExit() != 0) {
                    throw new AssertionError("What went on " + day + " is not loaded:\n" + command.log());
                }
            }
        }
    }

    /** But what was broken off, and may be there for a day. */
    private void readArchive(DatabaseServer database) throws SQLException, IOException {
        try (var connection = database.connect();
                var setting = connection.createStatement();
                var insert = connection.prepareStatement("""
                        INSERT INTO audit.archived
                        SELECT id, ?, EXISTS (SELECT FROM gone WHERE gone.transaction_id = id)
                                      OR EXISTS (SELECT FROM transactions WHERE transactions.transaction_id = id)
                        FROM (SELECT (line::jsonb ->> 'transaction_id') COLLATE "C" AS id FROM unnest(?::text[]) AS line) AS lines
                        """)) {
            // The planner takes what is gone for nothing.
            setting.execute("SET enable_seqscan = off");
            List<Path> abandoned = database.texts("SELECT name FROM archives WHERE state = 'ABANDONED'").stream()
                    .map(archive::resolve)
                    .toList();
            for (ArchivedFile file : ArchivedFile.in(archive)) {
                if (abandoned.contains(file.path())) {
                    continue;
                }
                insert.setBoolean(1, file.isWhole());
                insert.setArray(2, connection.createArrayOf("text", file.lines().toArray()));
                insert.executeUpdate();
            }
        }
    }
}
