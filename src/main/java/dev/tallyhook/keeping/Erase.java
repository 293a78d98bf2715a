package dev.tallyhook.keeping;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.transaction.OfAccount;
import dev.tallyhook.transaction.Patiently;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.TransactionStatus;
import io.quarkus.runtime.QuarkusApplication;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * {@code erase}: erases all that is finished of the account that stands in the one line of its input, in the ledger and in the archive. It is read
 * from there, and not from the command line, because shells and process lists keep that. What it leaves is a row that says how much was
 * erased, and the ids, so that nobody stores the same once more. It may run again, and then finds what it has not got to.
 */
public final class Erase implements QuarkusApplication {

    /** The command's name. */
    public static final String NAME = "erase";

    private static final String USAGE = NAME + " < FILE, where FILE has the account in one line";

    private static final char BYTE_ORDER_MARK = '\uFEFF';

    /** Nobody waits for what reads a whole table. */
    private static final Duration PATIENCE = Duration.ofHours(1);

    private static final String BEGIN =
            "INSERT INTO erasures (transactions, conflicts, archived, left_for_now) VALUES (0, 0, 0, 0) RETURNING erasure_id";

    private static final String RECORD = """
            UPDATE erasures
            SET transactions = ?, conflicts = ?, archived = ?, left_for_now = ?
            WHERE erasure_id = ?
            RETURNING 1
            """;

    private static final String ROWS = """
            SELECT transaction_id, xmin::text, created_at, request, request_place
            FROM transactions
            WHERE transaction_id = ANY (?)
            """;

    private static final Pattern PACKED = Pattern.compile("(\\d{1,19})/(\\d{1,5})");

    /** Others that came with the same request lose it as well, because it names them all. */
    private static final String WITHOUT_REQUEST = """
            UPDATE transactions
            SET request = NULL, request_place = NULL
            WHERE created_at = ? AND request = ? AND request_place = ?
            RETURNING 1
            """;

    /** Of its transactions; those of conflicts have numbers of their own. */
    private static final String TRACES = """
            WITH letters AS (DELETE FROM dead_letters WHERE event IN ('p', 'a') AND id = ANY (?)),
                 tried AS (DELETE FROM attempts WHERE event IN ('p', 'a') AND id = ANY (?)),
                 held AS (DELETE FROM holds WHERE transaction_id = ANY (?))
            SELECT 1
            """;

    /** An id that went may be one that came again, and is a transaction of somebody else's then, or one that stays for now. */
    private static final String NOT_STORED = """
            SELECT id
            FROM unnest(?::text[]) AS id
            WHERE NOT EXISTS (SELECT FROM transactions WHERE transaction_id = id)
            """;

    private static final String CONFLICTS = """
            WITH erased AS (
                DELETE FROM conflicts
                WHERE source_account = ? OR destination_account = ?
                RETURNING conflict_id),
            letters AS (
                DELETE FROM dead_letters
                WHERE event = 'c' AND id IN (SELECT conflict_id::text FROM erased)),
            tried AS (
                DELETE FROM attempts
                WHERE event = 'c' AND id IN (SELECT conflict_id::text FROM erased))
            SELECT count(*) FROM erased
            """;

    /** Of ids that went before, with and without an archive: whose digest is that of the account, on either side. */
    private static final String FORGET_CONTENT = """
            UPDATE gone
            SET content = NULL
            FROM CAST(? AS text) AS account
            WHERE content IS NOT NULL
              AND substr(sha256(convert_to(transaction_id || chr(31) || account, 'UTF8')), 1, 8)
                  IN (substr(content, 1, 8), substr(content, 9, 8))
            RETURNING transaction_id
            """;

    private static final String IS_ARCHIVED = "SELECT FROM archives LIMIT 1";

    private static final String RENAME =
            "UPDATE archives SET name = ?, transactions = ?, bytes = ? WHERE name = ? RETURNING 1";

    private static final String DROP_FILE = "DELETE FROM archives WHERE name = ? RETURNING 1";

    private final DataSource dataSource;
    private final KeepingConfig config;
    private final ArchiveStores stores;
    private final ObjectMapper json;

    /** Requests that brought something of it, by their names in lines, with the time of the commit that stored them. */
    private final Map<String, OffsetDateTime> requests = new HashMap<>();

    private long transactions;
    private long conflicts;
    private long archived;
    private long left;
    private boolean isIncomplete;

    Erase(DataSource dataSource, KeepingConfig config, ArchiveStores stores, ObjectMapper json) {
        this.dataSource = dataSource;
        this.config = config;
        this.stores = stores;
        this.json = json;
    }

    private record Stored(
            Departures.Row row,
            OffsetDateTime createdAt,
            @Nullable Long request,
            int place) {}

    @Override
    public int run(String... arguments) throws InterruptedException {
        try {
            String account = arguments.length == 1 ? line() : null;
            if (account == null || account.isEmpty()) {
                return Commands.usage(USAGE);
            }
            if (config.archiveTo().isEmpty() && isArchived()) {
                throw new IOException(
                        "There is an archive, and without tallyhook.ledger.archive-to nothing is erased there: nothing was done");
            }
            var lease = new Lease(dataSource, NAME);
            lease.takeOver();
            try {
                return erase(account, lease);
            } finally {
                lease.giveBack();
            }
        } catch (SQLException | IOException failure) {
            return Commands.failed(failure);
        }
    }

    private static @Nullable String line() throws IOException {
        // Not closed, because it is everybody's.
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String account = input.readLine();
        if (account == null || input.readLine() != null) {
            return null;
        }
        return account.indexOf(BYTE_ORDER_MARK) == 0 ? account.substring(1) : account;
    }

    private boolean isArchived() throws SQLException {
        return !new Sql().add(IS_ARCHIVED).query(dataSource, row -> true).isEmpty();
    }

    private int erase(String account, Lease lease) throws SQLException, IOException, InterruptedException {
        long record =
                new Sql().add(BEGIN).query(dataSource, row -> row.getLong(1)).get(0);
        try {
            collect(account, lease);
            if (config.archiveTo().isPresent()) {
                eraseArchived(account, Commands.store(config, stores), lease);
            }
            eraseRepetitions(lease);
            eraseStored(account, lease);
            lease.keep();
            try (Connection connection = dataSource.getConnection()) {
                conflicts = Patiently.commit(connection, PATIENCE, patient -> new Sql()
                        .add(CONFLICTS, account, account)
                        .query(patient, row -> row.getLong(1))
                        .get(0));
                // Together, because nothing leads there once the digest is gone.
                Patiently.commit(
                        connection,
                        PATIENCE,
                        patient -> forgetTracesOfGone(
                                patient,
                                new Sql().add(FORGET_CONTENT, account).query(patient, row -> row.getString(1))));
            }
        } finally {
            new Sql()
                    .add(RECORD, transactions, conflicts, archived, left, record)
                    .query(dataSource, row -> true);
        }
        System.out.printf(
                "Erased: %d transactions, %d lines of the archive and %d conflicts%n",
                transactions, archived, conflicts);
        if (left > 0) {
            System.err.printf(
                    "%d transactions are not finished, or still to be told to endpoints: run it again when they are%n",
                    left);
        }
        return left > 0 || isIncomplete ? Commands.NOT_ALL : Commands.DONE;
    }

    /** What leads from the account to requests: they are taken away from the lines of others before it is. */
    private void collect(String account, Lease lease) throws SQLException {
        for (boolean isSender : new boolean[] {true, false}) {
            var all = new OfAccount(account, isSender, TransactionStatus.PROCESSED);
            for (List<String> ids = next(all); !ids.isEmpty(); ids = next(all)) {
                lease.keep();
                try (Connection connection = dataSource.getConnection()) {
                    for (Stored one : stored(connection, ids)) {
                        if (one.request() != null) {
                            requests.put(one.request() + "/" + one.place(), one.createdAt());
                        }
                    }
                }
            }
        }
    }

    /** Repetitions of its events may stand in packs of others, and nothing tells which: all that are named by none go, while others are named. */
    private void eraseRepetitions(Lease lease) throws SQLException {
        var packs = new KeptPacks();
        while (packs.hasMore()) {
            lease.keep();
            try (Connection connection = dataSource.getConnection()) {
                Patiently.commit(connection, packs::emptyUnnamed);
            }
        }
        if (packs.unreadable() > 0) {
            isIncomplete = true;
            System.err.printf(
                    "%d rows of the table requests cannot be read, and may have something of it%n", packs.unreadable());
        }
    }

    /** Those that wait are looked at first: what is finished meanwhile is then seen among what is finished. */
    private void eraseStored(String account, Lease lease) throws SQLException, InterruptedException {
        for (var request : requests.entrySet()) {
            lease.keep();
            withoutRequest(request.getKey(), request.getValue());
        }
        var departures = new Departures(dataSource, KeepingRules.areIdsRemembered(config));
        for (boolean isSender : new boolean[] {true, false}) {
            for (TransactionStatus status :
                    List.of(TransactionStatus.HELD, TransactionStatus.PROCESSING, TransactionStatus.PROCESSED)) {
                var all = new OfAccount(account, isSender, status);
                for (List<String> ids = next(all); !ids.isEmpty(); ids = next(all)) {
                    lease.keep();
                    long erased = status == TransactionStatus.PROCESSED ? erase(departures, ids) : 0;
                    transactions += erased;
                    left += ids.size() - erased;
                }
            }
        }
    }

    private List<String> next(OfAccount all) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Patiently.commit(connection, all::next);
        }
    }

    /**
     * Its traces go before it does, so that they are found again if it is broken off. What has a request still was finished since they were
     * collected, and stays for now.
     */
    private long erase(Departures departures, List<String> found) throws SQLException, InterruptedException {
        List<Departures.Row> rows;
        try (Connection connection = dataSource.getConnection()) {
            rows = stored(connection, Departures.notOwed(connection, found)).stream()
                    .filter(one -> one.request() == null)
                    .map(Stored::row)
                    .toList();
            List<String> ids = rows.stream().map(Departures.Row::transactionId).toList();
            Patiently.commit(connection, PATIENCE, patient -> forgetTraces(patient, ids));
        }
        return departures.erase(rows);
    }

    private static boolean forgetTraces(Connection connection, List<String> of) throws SQLException {
        Object ids = of.toArray(String[]::new);
        return !new Sql()
                .add(TRACES, ids, ids, ids)
                .query(connection, row -> true)
                .isEmpty();
    }

    private static boolean forgetTracesOfGone(Connection connection, List<String> ids) throws SQLException {
        List<String> gone = new Sql()
                .add(NOT_STORED, (Object) ids.toArray(String[]::new))
                .query(connection, row -> row.getString(1));
        return !gone.isEmpty() && forgetTraces(connection, gone);
    }

    private static List<Stored> stored(Connection connection, List<String> ids) throws SQLException {
        return new Sql()
                .add(ROWS, (Object) ids.toArray(String[]::new))
                .query(
                        connection,
                        row -> new Stored(
                                new Departures.Row(row.getString(1), row.getString(2)),
                                row.getObject(3, OffsetDateTime.class),
                                row.getObject(4, Long.class),
                                row.getInt(5)));
    }

    /** The others of its pack stay where they are. */
    private void withoutRequest(String name, OffsetDateTime createdAt) throws SQLException {
        Matcher parts = PACKED.matcher(name);
        if (parts.matches()) {
            long pack = Long.parseLong(parts.group(1));
            int place = Integer.parseInt(parts.group(2));
            try (Connection connection = dataSource.getConnection()) {
                Patiently.commit(connection, patient -> withoutRequest(patient, pack, place, createdAt));
            }
        }
    }

    private boolean withoutRequest(Connection connection, long pack, int place, OffsetDateTime createdAt)
            throws SQLException {
        if (!KeptPacks.empty(connection, pack, other -> other == place)) {
            isIncomplete = true;
            System.err.printf("Row %d of the table requests, which has something of it, cannot be read%n", pack);
        }
        new Sql().add(WITHOUT_REQUEST, createdAt, pack, place).query(connection, row -> true);
        return true;
    }

    /**
     * Through all files three times: a request that brought something of it may stand in the line of somebody else, in another file, and the
     * lines that lead there, and to its traces, go last.
     */
    private void eraseArchived(String account, ArchiveStore store, Lease lease) throws SQLException, IOException {
        boolean any = false;
        for (String name : Commands.files(store, "")) {
            lease.keep();
            List<String> ids = new ArrayList<>();
            for (ArchivedLine line : lines(store, name)) {
                if (line.isOf(account)) {
                    ids.add(line.transactionId());
                    OffsetDateTime createdAt = Objects.requireNonNull(line.time("created_at"));
                    line.request().ifPresent(request -> requests.put(request, createdAt));
                }
            }
            if (!ids.isEmpty()) {
                any = true;
                try (Connection connection = dataSource.getConnection()) {
                    Patiently.commit(connection, PATIENCE, patient -> forgetTracesOfGone(patient, ids));
                }
            }
        }
        if (!requests.isEmpty()) {
            for (String name : Commands.files(store, "")) {
                lease.keep();
                rewrite(
                        store,
                        name,
                        line -> Optional.of(
                                isOfOthers(line, account) ? ArchivedRows.core(line.whole()) : line.whole()));
            }
        }
        if (any) {
            for (String name : Commands.files(store, "")) {
                lease.keep();
                archived +=
                        rewrite(store, name, line -> line.isOf(account) ? Optional.empty() : Optional.of(line.whole()));
            }
        }
    }

    private boolean isOfOthers(ArchivedLine line, String account) {
        return !line.isOf(account)
                && line.request().filter(requests::containsKey).isPresent();
    }

    /** Of a file that is damaged none: the others are erased from all the same. */
    private List<ArchivedLine> lines(ArchiveStore store, String name) {
        try {
            List<ArchivedLine> lines = new ArrayList<>();
            for (String line : ArchiveFile.read(store, name).lines()) {
                lines.add(ArchivedLine.read(json, line));
            }
            return lines;
        } catch (IOException damaged) {
            isIncomplete = true;
            System.err.println(damaged.getMessage());
            return List.of();
        }
    }

    /**
     * The new file is there before the old one goes; one in which nothing changes stays as it is.
     *
     * @param change what a line becomes; nothing, if it goes
     * @return how many went
     */
    private long rewrite(ArchiveStore store, String name, Function<ArchivedLine, Optional<String>> change)
            throws SQLException, IOException {
        List<ArchivedLine> lines = lines(store, name);
        List<String> kept = new ArrayList<>();
        for (ArchivedLine line : lines) {
            change.apply(line).ifPresent(kept::add);
        }
        if (kept.equals(lines.stream().map(ArchivedLine::whole).toList())) {
            return 0;
        }
        if (kept.isEmpty()) {
            new Sql().add(DROP_FILE, name).query(dataSource, row -> true);
        } else {
            var writer = new ArchiveFile.Writer();
            for (String line : kept) {
                writer.add(line);
            }
            ArchiveFile file = writer.finishInsteadOf(name);
            store.write(file.name(), file.content());
            ArchiveFile.read(store, file.name());
            new Sql()
                    .add(RENAME, file.name(), kept.size(), file.content().length, name)
                    .query(dataSource, row -> true);
        }
        store.delete(name);
        return (long) lines.size() - kept.size();
    }
}
