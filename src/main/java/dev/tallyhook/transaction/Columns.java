package dev.tallyhook.transaction;

import java.sql.Array;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Rows as one array for each of their columns, so that any number of them is one statement. */
public final class Columns {

    private Columns() {}

    /**
     * What each row has in one column, for {@code unnest}, which takes NULL where none has anything: it fills the shorter arrays up.
     *
     * @param type of PostgreSQL
     */
    public static <T> @Nullable Array of(
            Connection connection, String type, List<T> rows, Function<T, @Nullable Object> value) throws SQLException {
        // The driver sends these in binary, which both sides are faster with than with text.
        Object[] values =
                switch (type) {
                    case "text" -> new String[rows.size()];
                    case "int" -> new Integer[rows.size()];
                    case "bigint" -> new Long[rows.size()];
                    default -> new Object[rows.size()];
                };
        boolean any = false;
        for (int i = 0; i < values.length; i++) {
            values[i] = value.apply(rows.get(i));
            any |= values[i] != null;
        }
        return any ? connection.createArrayOf(type, values) : null;
    }
}
