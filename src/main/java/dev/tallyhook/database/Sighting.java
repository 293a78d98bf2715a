package dev.tallyhook.database;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * What a session said of the server that it is on.
 *
 * @param server which one it is
 * @param writable whether it took writes
 */
record Sighting(Server server, boolean writable) {

    /**
     * The address is the server's own, so it tells servers apart behind one name; the time tells them apart behind one address, and
     * a server from what it was before a restart. Everybody may ask it, also of a standby and of managed servers.
     *
     * @see <a href="https://www.postgresql.org/docs/current/functions-info.html">System information functions</a>
     */
    private static final String LOOK = """
            SELECT coalesce(host(inet_server_addr()) || ' port ' || inet_server_port(), 'a local socket'),
                   extract(epoch FROM pg_postmaster_start_time())::text,
                   current_setting('transaction_read_only') = 'off'
            """;

    /**
     * A server, from one of its starts to the next.
     *
     * @param address where it is, in its own words
     * @param started by its own clock, in seconds of the epoch, to the microsecond
     */
    record Server(String address, String started) {}

    static Sighting by(Connection session) throws SQLException {
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery(LOOK)) {
            row.next();
            return new Sighting(new Server(row.getString(1), row.getString(2)), row.getBoolean(3));
        }
    }
}
