package dev.tallyhook.keeping;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.transaction.Columns;
import dev.tallyhook.transaction.Patiently;
import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import dev.tallyhook.transaction.Sql;
import io.quarkus.runtime.QuarkusApplication;
import java.io.IOException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * {@code archive-load DAY [TIME]}: puts the transactions of a day back into the ledger, where everybody finds them as before, for a time
 * (a week unless said). Then they go again, by the files that they are in already. It may run again, which loads what is missing.
 */
public final class LoadDay implements QuarkusApplication {

    /** The command's name. */
    public static final String NAME = "archive-load";

    private static final String USAGE = NAME
            + " DAY [TIME], where DAY is the one on which the transactions were created, such as 2026-03-01, and TIME, how long"
            + " they stay, an ISO 8601 duration such as P7D";

    private static final String WEEK = "P7D";

    private static final int PIECE = 1_000;

    /** Before its rows are there, so that they do not go as they come. */
    private static final String BEGIN = """
            INSERT INTO archives (name, state, day, transactions, bytes, due_from, due_to, loaded_until)
            VALUES (?, 'LOADED', ?, ?, ?, ?, ?, now() + ?::interval)
            ON CONFLICT (name) DO UPDATE
            SET state = 'LOADED', loaded_until = excluded.loaded_until, changed_at = clock_timestamp()
            WHERE archives.state IN ('DONE', 'LOADED')
            RETURNING 1
            """;

    /** Whose transactions are in others. */
    private static final String ABANDONED = "SELECT name FROM archives WHERE state = 'ABANDONED'";

    private static final String PACK = "SELECT raw FROM requests WHERE id = ? FOR UPDATE";

    private static final String KEEP_PACK =
            "INSERT INTO requests (id, raw) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET raw = excluded.raw RETURNING 1";

    /** One that is there is not touched. */
    private static final String ROWS = """
            INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, status, created_at, due_at,
                processed_at, traceparent, source, type, subject, occurred_at, unmapped, amount_sent, amount_unit, request, request_place)
            SELECT transaction_id, source_account, destination_account, amount, currency, status, created_at, due_at,
                   processed_at, traceparent, source, type, subject, occurred_at, unmapped, amount_sent, amount_unit::"char",
                   id, CASE WHEN id IS NOT NULL THEN request_place END
            FROM unnest(?::text[], ?::text[], ?::text[], ?::numeric[], ?::text[], ?::text[], ?::timestamptz[], ?::timestamptz[],
                    ?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::text[], ?::text[], ?::text[],
                    ?::bigint[], ?::int[])
                AS line (transaction_id, source_account, destination_account, amount, currency, status, created_at, due_at,
                    processed_at, traceparent, source, type, subject, occurred_at, unmapped, amount_sent, amount_unit,
                    request, request_place)
            LEFT JOIN requests ON id = request
            ON CONFLICT (transaction_id) DO NOTHING
            RETURNING 1
            """;

    /** Who deletes them meanwhile, because he was only slow, passes them by or is waited for. */
    private static final String THERE =
            "SELECT transaction_id FROM transactions WHERE transaction_id = ANY (?) FOR KEY SHARE";

    /** Without a join with what is there, of which the planner thinks that it is nothing, where all was gone. */
    private static final String NOT_GONE = "DELETE FROM gone WHERE transaction_id = ANY (?) RETURNING 1";

    private final DataSource dataSource;
    private final KeepingConfig config;
    private final ArchiveStores stores;
    private final ObjectMapper json;

    LoadDay(DataSource dataSource, KeepingConfig config, ArchiveStores stores, ObjectMapper json) {
        this.dataSource = dataSource;
        this.config = config;
        this.stores = stores;
        this.json = json;
    }

    @Override
    public int run(String... arguments) throws InterruptedException {
        String time = arguments.length == 3 ? arguments[2] : WEEK;
        if (arguments.length < 2
                || arguments.length > 3
                || KeepingRules.isNone(time).orElse(true)) {
            return Commands.usage(USAGE);
        }
        try {
            return load(LocalDate.parse(arguments[1]), time);
        } catch (DateTimeException noDay) {
            return Commands.usage(USAGE);
        } catch (SQLException | IOException failure) {
            return Commands.failed(failure);
        }
    }

    /** The newest file first: what was changed between two is as it was last. */
    private int load(LocalDate day, String time) throws SQLException, IOException, InterruptedException {
        ArchiveStore store = Commands.store(config, stores);
        List<String> names = new ArrayList<>(Commands.files(store, ArchiveFile.beginning(day)));
        names.removeAll(new Sql().add(ABANDONED).query(dataSource, row -> row.getString(1)));
        Collections.reverse(names);
        long lines = 0;
        long loaded = 0;
        var lease = new Lease(dataSource, NAME);
        lease.takeOver();
        try {
            for (String name : names) {
                lease.keep();
                List<ArchivedLine> all = new ArrayList<>();
                ArchiveFile file = ArchiveFile.read(store, name);
                for (String line : file.lines()) {
                    all.add(ArchivedLine.read(json, line));
                }
                lines += all.size();
                loaded += load(file, day, all, time);
            }
        } finally {
            lease.giveBack();
        }
        System.out.printf(
                "%d of %d transactions in %d files of %s are loaded, and stay for %s; the others were there%n",
                loaded, lines, names.size(), day, time);
        return names.isEmpty() ? Commands.NOT_ALL : Commands.DONE;
    }

    private long load(ArchiveFile file, LocalDate day, List<ArchivedLine> lines, String time)
            throws SQLException, IOException {
        List<OffsetDateTime> due = lines.stream()
                .map(line -> line.time("due_at"))
                .sorted(Comparator.naturalOrder())
                .toList();
        long loaded = 0;
        try (Connection connection = dataSource.getConnection()) {
            boolean begun = !new Sql()
                    .add(
                            BEGIN,
                            file.name(),
                            day,
                            lines.size(),
                            file.content().length,
                            due.get(0),
                            due.get(due.size() - 1),
                            time)
                    .query(connection, row -> true)
                    .isEmpty();
            if (!begun) {
                throw new IOException(
                        file.name() + " is being written, or its transactions are being deleted: try again later");
            }
            for (int i = 0; i < lines.size(); i += PIECE) {
                List<ArchivedLine> piece = lines.subList(i, Math.min(i + PIECE, lines.size()));
                Map<Long, SortedMap<Integer, RawRequest>> packs = packs(piece);
                loaded += Patiently.commit(connection, patient -> {
                    requests(patient, packs);
                    long stored = rows(patient, piece);
                    Object ids = piece.stream().map(ArchivedLine::transactionId).toArray(String[]::new);
                    Object there = new Sql()
                            .add(THERE, ids)
                            .query(patient, row -> row.getString(1))
                            .toArray(String[]::new);
                    new Sql().add(NOT_GONE, there).query(patient, row -> true);
                    return stored;
                });
            }
        }
        return loaded;
    }

    private static Map<Long, SortedMap<Integer, RawRequest>> packs(List<ArchivedLine> lines) throws IOException {
        Map<Long, SortedMap<Integer, RawRequest>> packs = new TreeMap<>();
        for (ArchivedLine line : lines) {
            var raw = line.raw();
            if (raw.isPresent() && line.pack().isPresent() && line.place().isPresent()) {
                packs.computeIfAbsent(line.pack().get(), pack -> new TreeMap<>())
                        .put(line.place().get(), raw.get());
            }
        }
        return packs;
    }

    /** In the places that they had; what of a pack is in another file, or nowhere, is empty until it comes. */
    private static void requests(Connection connection, Map<Long, SortedMap<Integer, RawRequest>> packs)
            throws SQLException {
        for (var pack : packs.entrySet()) {
            List<RawRequest> all = new ArrayList<>();
            new Sql()
                    .add(PACK, pack.getKey())
                    .query(connection, row -> all.addAll(RawRequests.readAll(row.getBytes(1))));
            while (all.size() <= pack.getValue().lastKey()) {
                all.add(RawRequests.NONE);
            }
            pack.getValue().forEach(all::set);
            new Sql().add(KEEP_PACK, pack.getKey(), RawRequests.compress(all)).query(connection, row -> true);
        }
    }

    private static long rows(Connection connection, List<ArchivedLine> piece) throws SQLException {
        return new Sql()
                .add(
                        ROWS,
                        texts(connection, piece, "transaction_id"),
                        texts(connection, piece, "source_account"),
                        texts(connection, piece, "destination_account"),
                        Columns.of(connection, "numeric", piece, ArchivedLine::amount),
                        texts(connection, piece, "currency"),
                        texts(connection, piece, "status"),
                        times(connection, piece, "created_at"),
                        times(connection, piece, "due_at"),
                        times(connection, piece, "processed_at"),
                        texts(connection, piece, "traceparent"),
                        texts(connection, piece, "source"),
                        texts(connection, piece, "type"),
                        texts(connection, piece, "subject"),
                        times(connection, piece, "occurred_at"),
                        texts(connection, piece, "unmapped"),
                        texts(connection, piece, "amount_sent"),
                        texts(connection, piece, "amount_unit"),
                        Columns.of(
                                connection, "bigint", piece, line -> line.pack().orElse(null)),
                        Columns.of(
                                connection, "int", piece, line -> line.place().orElse(null)))
                .query(connection, row -> true)
                .size();
    }

    private static @Nullable Array texts(Connection connection, List<ArchivedLine> piece, String name)
            throws SQLException {
        return Columns.of(connection, "text", piece, line -> line.text(name));
    }

    private static @Nullable Array times(Connection connection, List<ArchivedLine> piece, String name)
            throws SQLException {
        return Columns.of(connection, "timestamptz", piece, line -> line.text(name));
    }
}
