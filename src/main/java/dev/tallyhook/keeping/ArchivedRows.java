package dev.tallyhook.keeping;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.transaction.Patiently;
import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import io.quarkus.logging.Log;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads transactions as the lines that they are in the archive. */
final class ArchivedRows {

    /** What stands behind the core of a line, and cannot stand within a string of JSON. */
    private static final String REQUEST = ",\"request\":\"";

    /** What was stored once more after it had gone, and is not finished yet, is another one, of which no line says anything. */
    private static final String CORES = """
            SELECT transactions.transaction_id, source_account, destination_account, amount, currency, status, created_at, due_at,
                   processed_at, traceparent, source, type, subject, occurred_at, unmapped,
                   coalesce(transactions.amount_sent, event.amount_sent), coalesce(transactions.amount_unit, event.amount_unit),
                   coalesce(request::text || '/' || request_place, event.raw_of, event.transaction_id), transactions.xmin::text
            FROM transactions
            LEFT JOIN events AS event ON event.transaction_id = transactions.transaction_id
            WHERE transactions.transaction_id = ANY (?)
              AND status = 'PROCESSED'
            """;

    private static final String PACK =
            "SELECT " + RawRequests.COLUMNS + " FROM transactions " + RawRequests.JOINED + """
            WHERE transactions.transaction_id = ?
            """;

    private final DataSource dataSource;
    private final ObjectMapper json;

    /** Of the pack that was read last: those of one commit follow each other. */
    private String packName = "";

    private List<RawRequest> packed = List.of();

    ArchivedRows(DataSource dataSource, ObjectMapper json) {
        this.dataSource = dataSource;
        this.json = json;
    }

    /**
     * A transaction as it is in a line.
     *
     * @param row where it stands
     * @param core all of the line but the request that brought it: JSON by itself
     * @param request names that, which others may name as well; null if it never had one
     */
    record Line(Departures.Row row, String core, @Nullable String request) {}

    /** A line of a file without its request. */
    static String core(String line) {
        int request = line.indexOf(REQUEST);
        return request < 0 ? line : line.substring(0, request) + '}';
    }

    /** Whose line it is. */
    String transactionId(String line) throws IOException {
        return json.readTree(core(line)).path("transaction_id").asText();
    }

    /** Those that are there and finished, by their ids. */
    Map<String, Line> read(List<String> ids) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Patiently.commit(connection, patient -> new Sql()
                    .add(CORES, (Object) ids.toArray(String[]::new)).query(patient, this::line).stream()
                            .collect(Collectors.toMap(line -> line.row().transactionId(), Function.identity())));
        }
    }

    private Line line(ResultSet row) throws SQLException {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        values.put("transaction_id", row.getString(1));
        values.put("source_account", row.getString(2));
        values.put("destination_account", row.getString(3));
        values.put("amount", row.getBigDecimal(4));
        values.put("currency", row.getString(5));
        values.put("status", row.getString(6));
        values.put("created_at", Timestamps.of(row, 7).toString());
        values.put("due_at", Timestamps.of(row, 8).toString());
        values.put("processed_at", Timestamps.of(row, 9).toString());
        putIfAny(values, "traceparent", row.getString(10));
        putIfAny(values, "source", row.getString(11));
        putIfAny(values, "type", row.getString(12));
        putIfAny(values, "subject", row.getString(13));
        putIfAny(values, "occurred_at", Timestamps.orNull(row, 14));
        putIfAny(values, "unmapped", row.getString(15));
        putIfAny(values, "amount_sent", row.getString(16));
        putIfAny(values, "amount_unit", row.getString(17));
        return new Line(new Departures.Row(row.getString(1), row.getString(19)), text(values), row.getString(18));
    }

    private static void putIfAny(Map<String, @Nullable Object> values, String name, @Nullable Object value) {
        if (value != null) {
            values.put(name, value.toString());
        }
    }

    /** The whole line, with the headers and the body of its request, or only its name if another line has them. */
    String whole(Line line, boolean withRequest) throws SQLException {
        String request = line.request();
        RawRequest raw = request == null ? null : request(line.row().transactionId(), request);
        if (request == null || raw == null) {
            return line.core();
        }
        String open = line.core().substring(0, line.core().length() - 1)
                + REQUEST
                + text(request).substring(1);
        if (!withRequest) {
            return open + '}';
        }
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("headers", raw.headers());
        values.put("body", Base64.getEncoder().encodeToString(raw.body()));
        return open + ",\"raw\":" + text(values) + '}';
    }

    /** Nothing, if it is not kept any more, or cannot be read: a page that is damaged must not keep everything else. */
    private @Nullable RawRequest request(String transactionId, String request) throws SQLException {
        int slash = request.lastIndexOf('/');
        boolean isPacked = request.matches("\\d+/\\d+");
        String name = isPacked ? request.substring(0, slash) : request;
        if (!name.equals(packName)) {
            packed = pack(transactionId);
            packName = packed.isEmpty() ? "" : name;
        }
        int place = isPacked ? Integer.parseInt(request.substring(slash + 1)) : 0;
        return place < packed.size() ? packed.get(place) : null;
    }

    private List<RawRequest> pack(String transactionId) throws SQLException {
        List<byte[]> stored;
        try {
            stored = new Sql().add(PACK, transactionId).query(dataSource, row -> {
                byte[] bytes = row.getBytes(1);
                return bytes == null ? new byte[0] : bytes;
            });
        } catch (SQLException failure) {
            if (!isDamage(failure)) {
                throw failure;
            }
            return unreadable(failure);
        }
        if (stored.isEmpty() || stored.get(0).length == 0) {
            return List.of();
        }
        try {
            return RawRequests.readAll(stored.get(0));
        } catch (RuntimeException damaged) {
            // Bytes that are no request are taken for one until they end.
            return unreadable(damaged);
        }
    }

    private static List<RawRequest> unreadable(Exception why) {
        Log.errorf("A request cannot be read, and is not archived with what it brought: %s", why.getMessage());
        return List.of();
    }

    /**
     * By what the server says of a table: data_corrupted, and before PostgreSQL 14 an internal error where a part of a value is missing. An index that
     * is corrupted is another thing: nothing is lost, and it can be built anew.
     */
    private static boolean isDamage(SQLException failure) {
        String state = failure.getSQLState();
        return "XX001".equals(state)
                || ("XX000".equals(state)
                        && String.valueOf(failure.getMessage()).contains("chunk number"));
    }

    private String text(Object value) {
        try {
            return json.writeValueAsString(value);
        } catch (JsonProcessingException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }
}
