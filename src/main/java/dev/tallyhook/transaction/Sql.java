package dev.tallyhook.transaction;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A query that is put together of parts, each with the values of its placeholders. */
public final class Sql {

    private final StringBuilder text = new StringBuilder();
    private final List<@Nullable Object> values = new ArrayList<>();

    /**
     * Adds a part.
     *
     * @param part SQL that is written in the code, never what somebody sent
     * @param placeholders a value for each {@code ?} in it
     */
    public Sql add(String part, @Nullable Object... placeholders) {
        text.append(part);
        for (@Nullable Object value : placeholders) {
            values.add(value instanceof Instant time ? time.atOffset(ZoneOffset.UTC) : value);
        }
        return this;
    }

    /** Adds a part that is itself put together. */
    public Sql add(Sql part) {
        text.append(part.text);
        values.addAll(part.values);
        return this;
    }

    /** Makes an answer of the row that it is on. */
    public interface Row<T> {
        /** Reads it. */
        T read(ResultSet row) throws SQLException;
    }

    /** All rows of the answer. */
    public <T> List<T> query(DataSource dataSource, Row<T> row) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return query(connection, row);
        }
    }

    /** All rows of the answer. */
    public <T> List<T> query(Connection connection, Row<T> row) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(text.toString())) {
            for (int i = 0; i < values.size(); i++) {
                statement.setObject(i + 1, values.get(i));
            }
            List<T> found = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.add(row.read(rows));
                }
            }
            return found;
        }
    }
}
