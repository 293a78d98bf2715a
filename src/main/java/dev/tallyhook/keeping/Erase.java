package dev.tallyhook.keeping;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.transaction.OfAccount;
import dev.tallyhook.transaction.Patiently;
import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.TransactionStatus;
import io.quarkus.runtime.QuarkusApplication;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * {@code erase}: erases all that is finished of the account that stands in the one line of its input, in the ledger and in the archive. It is read
 * from there, and not from the command line, because shells and process lists keep that. What it leaves is a row that says how much was
 * erased, and the ids, so that nobody stores the same once more.
 */
public final class Erase implements QuarkusApplication {

    /** The command's name. */
    public static final String NAME = "erase";

    private static final String USAGE = NAME + " < FILE, where FILE has the account in one line";

    private static final int PIECE = 500;

    /** What is still to be told must be there to be told. */
    private static final String ROWS = """
            SELECT transaction_id, xmin::text, created_at, request, request_place
            FROM transactions
            WHERE transaction_id = ANY (?)
              AND NOT EXISTS (SELECT FROM deliveries WHERE transactions.transaction_id = ANY (ids))
            """;

    private static final String PACK = "SELECT raw FROM requests WHERE id = ? FOR UPDATE";

    private static final String KEEP_PACK = "UPDATE requests SET raw = ? WHERE id = ? RETURNING 1";

    private static final String DROP_PACK = "DELETE FROM requests WHERE id = ? RETURNING 1";

    /** Others that came with the same request lose it as well, because it names them all. */
    private static final String WITHOUT_REQUEST = """
            UPDATE transactions
            SET request = NULL, request_place = NULL
            WHERE created_at = ? AND request = ? AND request_place = ?
            RETURNING 1
            """;

    private static final String TRACES = """
            WITH letters AS (DELETE FROM dead_letters WHERE id = ANY (?)),
                 tried AS (DELETE FROM attempts WHERE id = ANY (?)),
                 held AS (DELETE FROM holds WHERE transaction_id = ANY (?))
            SELECT 1
            """;

    private static final String CONFLICTS =
            "DELETE FROM conflicts WHERE source_account = ? OR destination_account = ? RETURNING 1";

    private static final String FORGET_CONTENT =
            "UPDATE gone SET content = NULL WHERE transaction_id = ANY (?) AND content IS NOT NULL RETURNING 1";

    private static final String RENAME =
            "UPDATE archives SET name = ?, transactions = ?, bytes = ? WHERE name = ? RETURNING 1";

    private static final String DROP_FILE = "DELETE FROM archives WHERE name = ? RETURNING 1";

    private static final String RECORD =
            "INSERT INTO erasures (transactions, conflicts, archived, left_for_now) VALUES (?, ?, ?, ?) RETURNING 1";

    private final DataSource dataSource;
    private final KeepingConfig config;
    private final ArchiveStores stores;
    private final ObjectMapper json;

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
    public int run(String... arguments) throws SQLException, InterruptedException {
        try {
            String account = arguments.length == 1 ? line() : null;
            return account == null || account.isEmpty() ? Commands.usage(USAGE) : erase(account);
        } catch (IOException failure) {
            return Commands.failed(failure);
        }
    }

    private static @Nullable String line() throws IOException {
        // Not closed, because it is everybody's.
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        String account = input.readLine();
        return input.readLine() == null ? account : null;
    }

    private int erase(String account) throws SQLException, IOException, InterruptedException {
        long transactions = transactions(account);
        long archived = config.archiveTo().isPresent() ? archive(account, Commands.store(config, stores)) : 0;
        try (Connection connection = dataSource.getConnection()) {
            long conflicts = Patiently.commit(connection, patient -> new Sql()
                            .add(CONFLICTS, account, account)
                            .query(patient, row -> true))
                    .size();
            long left = Patiently.commit(connection, patient -> left(patient, account));
            new Sql().add(RECORD, transactions, conflicts, archived, left).query(connection, row -> true);
            System.out.printf(
                    "Erased: %d transactions, %d lines of the archive and %d conflicts%n",
                    transactions, archived, conflicts);
            if (left > 0) {
                System.err.printf(
                        "%d transactions are not finished, or still to be told to endpoints: run it again when they are%n",
                        left);
            }
            return left > 0 ? Commands.NOT_ALL : Commands.DONE;
        }
    }

    private static long left(Connection connection, String account) throws SQLException {
        long left = 0;
        for (TransactionStatus status : TransactionStatus.values()) {
            left += OfAccount.ids(connection, account, status, PIECE).size();
        }
        return left;
    }

    /** Until a round finds none that may go. */
    private long transactions(String account) throws SQLException, InterruptedException {
        var departures = new Departures(
                dataSource, !KeepingRules.isNone(config.rememberIds()).orElseThrow());
        long erased = 0;
        long ofRound;
        do {
            List<Stored> found;
            try (Connection connection = dataSource.getConnection()) {
                found = Patiently.commit(connection, patient -> stored(patient, account));
                for (Stored one : found) {
                    Long request = one.request();
                    if (request != null) {
                        Patiently.commit(connection, patient -> withoutRequest(patient, one, request));
                    }
                }
                // The rows are others now, where they had a request.
                found = Patiently.commit(connection, patient -> stored(patient, account));
            }
            ofRound = found.isEmpty()
                    ? 0
                    : departures.erase(found.stream().map(Stored::row).toList());
            traces(found);
            erased += ofRound;
        } while (ofRound > 0);
        return erased;
    }

    private static List<Stored> stored(Connection connection, String account) throws SQLException {
        List<String> ids = OfAccount.ids(connection, account, TransactionStatus.PROCESSED, PIECE);
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
    private static boolean withoutRequest(Connection connection, Stored one, long request) throws SQLException {
        for (byte[] pack : new Sql().add(PACK, request).query(connection, row -> row.getBytes(1))) {
            List<RawRequest> all = new ArrayList<>(RawRequests.readAll(pack));
            all.set(one.place(), RawRequest.of(new TreeMap<>(), new byte[0]));
            boolean isEmpty = all.stream().allMatch(raw -> raw.body().length == 0);
            Sql change = isEmpty
                    ? new Sql().add(DROP_PACK, request)
                    : new Sql().add(KEEP_PACK, RawRequests.compress(all), request);
            change.query(connection, row -> true);
        }
        new Sql().add(WITHOUT_REQUEST, one.createdAt(), request, one.place()).query(connection, row -> true);
        return true;
    }

    private void traces(List<Stored> erased) throws SQLException {
        Object ids = erased.stream().map(one -> one.row().transactionId()).toArray(String[]::new);
        new Sql().add(TRACES, ids, ids, ids).query(dataSource, row -> true);
    }

    /** The file without its lines is there before the one with them goes. */
    private long archive(String account, ArchiveStore store) throws SQLException, IOException {
        long erased = 0;
        for (String name : Commands.files(store, "")) {
            List<String> kept = new ArrayList<>();
            List<String> ids = new ArrayList<>();
            for (String text : ArchiveFile.read(store, name).lines()) {
                var line = ArchivedLine.read(json, text);
                if (line.isOf(account)) {
                    ids.add(line.transactionId());
                } else {
                    kept.add(text);
                }
            }
            if (!ids.isEmpty()) {
                replace(store, name, kept);
                new Sql()
                        .add(FORGET_CONTENT, (Object) ids.toArray(String[]::new))
                        .query(dataSource, row -> true);
                erased += ids.size();
            }
        }
        return erased;
    }

    private void replace(ArchiveStore store, String name, List<String> kept) throws SQLException, IOException {
        if (kept.isEmpty()) {
            new Sql().add(DROP_FILE, name).query(dataSource, row -> true);
        } else {
            LocalDate day = ArchiveFile.day(name).orElseThrow();
            var writer = new ArchiveFile.Writer();
            for (String line : kept) {
                writer.add(line);
            }
            ArchiveFile file = writer.finish(day);
            store.write(file.name(), file.content());
            ArchiveFile.read(store, file.name());
            new Sql()
                    .add(RENAME, file.name(), kept.size(), file.content().length, name)
                    .query(dataSource, row -> true);
        }
        store.delete(name);
    }
}
