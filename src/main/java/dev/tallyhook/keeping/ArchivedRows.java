package dev.tallyhook.keeping;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.transaction.Patiently;
import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
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

    /** What stands before the request in a line, and cannot stand within a string of JSON. */
    static final String RAW = ",\"raw\":{";

    private static final String SELECT = """
            SELECT transactions.transaction_id, source_account, destination_account, amount, currency, status, created_at, due_at,
                   processed_at, traceparent, source, type, subject, occurred_at, unmapped,
                   coalesce(transactions.amount_sent, event.amount_sent), coalesce(transactions.amount_unit, event.amount_unit),
                   coalesce(request::text || '/' || request_place, keeper.transaction_id), transactions.xmin::text,\s""" + RawRequests.COLUMNS + """
             FROM transactions\s""" + RawRequests.JOINED + """
            WHERE transactions.transaction_id = ANY (?)
            """;

    private final DataSource dataSource;
    private final ObjectMapper json;

    /** The pack of requests that was read last: those of one commit follow each other. */
    private byte @Nullable [] pack;

    private List<RawRequest> packed = List.of();

    ArchivedRows(DataSource dataSource, ObjectMapper json) {
        this.dataSource = dataSource;
        this.json = json;
    }

    /**
     * A transaction as a line, without its end.
     *
     * @param row where it stands
     * @param request names the one that brought it, which others may name as well; null if none is kept
     * @param core all of the line but the headers and the body of the request
     * @param raw these, to stand before the end of {@code core}; null if none is kept
     */
    record Line(
            Departures.Row row,
            @Nullable String request,
            String core,
            @Nullable String raw) {

        /** With its request, or only with the name of that, if another line has it. */
        String text(boolean withRequest) {
            return raw == null || !withRequest ? core : core.substring(0, core.length() - 1) + raw + '}';
        }
    }

    /** A line of a file without the request that may stand in it. */
    static String core(String line) {
        int raw = line.indexOf(RAW);
        return raw < 0 ? line : line.substring(0, raw) + '}';
    }

    /** Whose line it is. */
    String transactionId(String line) throws IOException {
        return json.readTree(line).path("transaction_id").asText();
    }

    /** Those that are there, by their ids. */
    Map<String, Line> read(List<String> ids) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Patiently.commit(connection, patient -> new Sql()
                    .add(SELECT, (Object) ids.toArray(String[]::new)).query(patient, this::line).stream()
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
        String request = row.getString(18);
        RawRequest raw = request == null ? null : request(row.getBytes(20), row.getInt(21));
        if (raw != null) {
            values.put("request", request);
        }
        return new Line(
                new Departures.Row(row.getString(1), row.getString(19)),
                raw == null ? null : request,
                text(values),
                raw == null ? null : raw(raw));
    }

    private String raw(RawRequest raw) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("headers", raw.headers());
        values.put("body", Base64.getEncoder().encodeToString(raw.body()));
        return RAW + text(values).substring(1);
    }

    private static void putIfAny(Map<String, @Nullable Object> values, String name, @Nullable Object value) {
        if (value != null) {
            values.put(name, value.toString());
        }
    }

    private @Nullable RawRequest request(byte @Nullable [] stored, int place) {
        if (stored == null) {
            return null;
        }
        if (pack == null || !Arrays.equals(pack, stored)) {
            packed = RawRequests.readAll(stored);
            pack = stored;
        }
        return packed.get(place);
    }

    private String text(Map<String, ?> values) {
        try {
            return json.writeValueAsString(values);
        } catch (JsonProcessingException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }
}
