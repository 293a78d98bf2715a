package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tallyhook.endpoint.EventKind;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On a session that cannot read some rows of the ledger: a view of its own stands before the table. */
@QuarkusTest
class MessageReaderTest {

    private static final String TABLE = "transactions";
    private static final String FAILS = "1 / (amount - amount) = 1";
    private static final String HANGS = "pg_sleep(30) IS NULL";

    /** Long enough for a machine that is busy. */
    private static final Duration APART_MAX = Duration.ofMinutes(1);

    @Inject
    Messages messages;

    @Inject
    DataSource dataSource;

    private final String prefix = "reader_" + UUID.randomUUID();
    private MessageReader reader;

    @BeforeEach
    void store() {
        reader = new MessageReader(messages, APART_MAX, Duration.ofSeconds(2));
        new EndpointRows(dataSource).finished(prefix, "2001-09-01 00:00:00Z", 600);
    }

    private Parcel parcel(int first, int last) {
        List<String> ids = IntStream.rangeClosed(first, last)
                .mapToObj(i -> prefix + "_" + i)
                .toList();
        return new Parcel(first, "shop", EventKind.PROCESSED, ids, false, OffsetDateTime.MAX, 0, OffsetDateTime.MAX, 0);
    }

    private MessageReader.Read read(String unreadable, Parcel... parcels) throws SQLException {
        return read(unreadable, FAILS, parcels);
    }

    /** Reads while a row for which the condition is true does not let itself be read. */
    private MessageReader.Read read(String unreadable, String how, Parcel... parcels) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT set_config('tallyhook.path', current_setting('search_path'), false)");
            statement.execute("SET search_path = pg_temp, public");
            statement.execute("CREATE TEMPORARY VIEW " + TABLE + " AS SELECT * FROM public." + TABLE
                    + " WHERE CASE WHEN " + unreadable + " THEN " + how + " ELSE true END");
            try {
                return reader.read(connection, List.of(parcels));
            } finally {
                statement.execute("DROP VIEW pg_temp." + TABLE);
                statement.execute("SELECT set_config('search_path', current_setting('tallyhook.path'), false)");
            }
        }
    }

    @Test
    void what_can_be_read_is_read() throws SQLException {
        MessageReader.Read read = read("false", parcel(1, 1), parcel(2, 251));
        assertEquals(251, read.messages().size());
        assertEquals(List.of(), read.unreadable());
        assertEquals(List.of(), read.unread());
    }

    @Test
    void what_cannot_be_read_holds_up_nothing_else() throws SQLException {
        Parcel broken = parcel(300, 300);
        MessageReader.Read read = read("transaction_id = '" + prefix + "_300'", broken, parcel(1, 2), parcel(301, 400));
        assertEquals(102, read.messages().size());
        assertEquals(List.of(broken), read.unreadable());
        assertEquals(List.of(), read.unread());
    }

    /** As a server of Citus does that is frozen; after the first time no statement waits for it as long as it may. */
    @Test
    void what_hangs_holds_up_nothing_else() throws SQLException {
        Parcel hanging = parcel(300, 300);
        String unreadable = "transaction_id = '" + prefix + "_300'";
        for (int i = 0; i < 2; i++) {
            MessageReader.Read read = read(unreadable, HANGS, hanging, parcel(1, 2), parcel(301, 301));
            assertEquals(3, read.messages().size());
            assertEquals(List.of(hanging), read.unreadable());
            assertEquals(List.of(), read.unread());
        }
    }

    @Test
    void for_what_there_is_no_time_is_not_read() throws SQLException {
        reader = new MessageReader(messages, Duration.ZERO, Duration.ofSeconds(2));
        Parcel[] parcels = {parcel(1, 1), parcel(2, 2)};
        MessageReader.Read read = read("transaction_id LIKE '" + prefix + "\\_%'", parcels);
        assertEquals(List.of(), read.messages());
        assertEquals(List.of(), read.unreadable());
        assertEquals(2, read.unread().size());
    }

    /** Each of its messages is claimed by itself then. */
    @Test
    void a_long_row_of_which_some_can_be_read_is_put_off_as_a_whole() throws SQLException {
        Parcel mixed = parcel(1, 250);
        MessageReader.Read read = read("transaction_id LIKE '" + prefix + "_1__'", mixed);
        assertEquals(List.of(), read.messages());
        assertEquals(List.of(mixed), read.unreadable());
    }

    @Test
    void where_nothing_can_be_read_it_is_not_these_that_are_put_off() {
        var failure = assertThrows(SQLException.class, () -> read("true", parcel(1, 250), parcel(251, 251)));
        assertEquals("22012", failure.getSQLState());
    }
}
