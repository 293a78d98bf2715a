package dev.tallyhook.database;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverPropertyInfo;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Properties;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes every connection of the service, by PostgreSQL's driver: with what each session must have, with keepalives, and soon or not
 * at all. It stands where a driver stands, because what a pool calls for a new connection it does not call for its first ones.
 */
public final class LedgerDriver implements Driver {

    /** So long each answer is waited for until there is a session; afterwards as long as {@code socketTimeout} says. */
    private static final int ANSWER_WHILE_CONNECTING_MAX_SECONDS = 2;

    /** Said in the start packet, which a pooler does not pass on: so a session that has it is this connection's own. */
    private static final String OWN_SESSION = "tallyhook.own_session";

    /**
     * What cannot be in the start packet. A pooler's session is left alone, because it is not ours: there it is the pooler's matter. The
     * schema is the ledger's, once that is known, and nothing stands before it.
     */
    private static final String COMPLETE = """
            SELECT %s,
                   set_config('search_path', quote_ident(coalesce(?, current_schema())) || ', pg_temp', false),
                   CASE WHEN current_setting('transaction_timeout', true) IS NOT NULL
                        THEN set_config('transaction_timeout', '0', false) END,
                   pg_backend_pid(),
                   extract(epoch FROM clock_timestamp())::text
            WHERE current_setting('%s', true) = 'on'
            """.formatted(Durability.setSynchronousCommit(false), OWN_SESSION);

    /** In the answer of it, with the time behind. */
    private static final int PID = 4;

    /** What the pool is called that is also read by, which it is to be for as long as can be; it has up to eight sessions. */
    private static final String READING = "tallyhook-reading";

    private static final int READING_STRANDED_MAX = 8;

    private static final String OPTIONS = "options";
    private static final String SOCKET_TIMEOUT = "socketTimeout";
    private static final String SOCKET_FACTORY = "socketFactory";

    /** Parameters of the URL that stand above properties, and are told here, where they are put together with ours. */
    private static final Pattern OVERRIDING =
            Pattern.compile("(?<=[?&])(?:" + OPTIONS + "|" + SOCKET_TIMEOUT + ")=[^&]*(?:&|$)");

    /** From PostgreSQL 17 on. */
    private static final int KNOWS_TRANSACTION_TIMEOUT = 17;

    private static final String UNKNOWN_SETTING = "42704";
    private static final String TRANSACTION_TIMEOUT = "25P04";

    /** Whether the server that answered last has it: then it is in the start packet, which stands above a limit that is too short for COMPLETE. */
    private static volatile boolean transactionTimeoutIsKnown;

    private static volatile @Nullable String ledgerSchema;

    private final Driver postgres = new org.postgresql.Driver();

    /** From now on sessions look in this schema alone, whatever their role is told later. */
    static void lookIn(@Nullable String schema) {
        ledgerSchema = schema;
    }

    @Override
    public @Nullable Connection connect(String url, Properties info) throws SQLException {
        String name = info.getProperty("ApplicationName", "");
        var stranded = Stranded.of(url, name, name.equals(READING) ? READING_STRANDED_MAX : 0);
        stranded.passUnlessJustRefused();
        return connect(
                url,
                info,
                SessionSettings.options(SessionSettings.EVERY),
                connection -> complete(connection, stranded));
    }

    private static void complete(Connection connection, Stranded stranded) throws SQLException {
        try (PreparedStatement complete = connection.prepareStatement(COMPLETE)) {
            complete.setString(1, ledgerSchema);
            try (ResultSet own = complete.executeQuery()) {
                if (own.next()) {
                    stranded.opened(connection, own.getInt(PID), own.getString(PID + 1));
                }
            }
        }
    }

    /** What is asked of a new session before anybody has it. */
    interface Preparation {
        void of(Connection connection) throws SQLException;
    }

    /** A connection whose session has the settings given and is prepared, or nothing if the URL is another driver's. */
    @Nullable
    Connection connect(String url, Properties info, String settings, Preparation preparation) throws SQLException {
        boolean withTransactionTimeout = transactionTimeoutIsKnown;
        try {
            return open(url, info, settings, preparation, withTransactionTimeout);
        } catch (SQLException failure) {
            if (withTransactionTimeout && UNKNOWN_SETTING.equals(failure.getSQLState())) {
                transactionTimeoutIsKnown = false; // An older server stands in its place; the next try finds that.
            } else if (!withTransactionTimeout && TRANSACTION_TIMEOUT.equals(failure.getSQLState())) {
                transactionTimeoutIsKnown = true;
                return open(url, info, settings, preparation, true);
            }
            throw failure;
        }
    }

    private @Nullable Connection open(
            String url, Properties info, String settings, Preparation preparation, boolean withTransactionTimeout)
            throws SQLException {
        Properties said = org.postgresql.Driver.parseURL(url, info);
        if (said == null) {
            return null;
        }
        Properties session = new Properties();
        info.stringPropertyNames().forEach(name -> session.setProperty(name, info.getProperty(name)));
        session.setProperty(OPTIONS, options(url, info, settings, withTransactionTimeout));
        session.setProperty(SOCKET_TIMEOUT, Integer.toString(ANSWER_WHILE_CONNECTING_MAX_SECONDS));
        session.setProperty("tcpKeepAlive", "true");
        if (said.getProperty(SOCKET_FACTORY) == null && driverFindsClassesOfOurs()) {
            session.setProperty(SOCKET_FACTORY, KeepAliveSockets.class.getName());
        }
        Connection connection = postgres.connect(OVERRIDING.matcher(url).replaceAll(""), session);
        return connection == null ? null : prepared(connection, said, preparation);
    }

    /** Once what is asked of the session is done, its answers may take as long as {@code socketTimeout} says. */
    private static Connection prepared(Connection connection, Properties said, Preparation preparation)
            throws SQLException {
        try {
            transactionTimeoutIsKnown = connection.getMetaData().getDatabaseMajorVersion() >= KNOWS_TRANSACTION_TIMEOUT;
            preparation.of(connection);
            int seconds = Integer.parseInt(said.getProperty(SOCKET_TIMEOUT, "0"));
            connection.setNetworkTimeout(Runnable::run, Math.multiplyExact(seconds, 1_000));
            return connection;
        } catch (SQLException | RuntimeException failure) {
            try {
                connection.close();
            } catch (SQLException lost) {
                failure.addSuppressed(lost);
            }
            throw failure;
        }
    }

    /** Ours first, then the pool's, then those of the URL: of two the later one counts. */
    private static String options(String url, Properties info, String settings, boolean withTransactionTimeout) {
        var options = new StringBuilder("-c " + OWN_SESSION + "=on " + settings);
        if (withTransactionTimeout) {
            options.append(" -c ")
                    .append(SessionSettings.NO_TRANSACTION_TIMEOUT.name())
                    .append("=0");
        }
        Properties inUrl = org.postgresql.Driver.parseURL(url, new Properties());
        for (Properties source : new Properties[] {info, inUrl}) {
            if (source != null && source.getProperty(OPTIONS) != null) {
                options.append(' ').append(source.getProperty(OPTIONS));
            }
        }
        return options.toString();
    }

    /** The driver makes the factory by its name; in dev mode and in tests classes of libraries do not see those of the application. */
    private static boolean driverFindsClassesOfOurs() {
        try {
            return Class.forName(KeepAliveSockets.class.getName(), false, org.postgresql.Driver.class.getClassLoader())
                    == KeepAliveSockets.class;
        } catch (ClassNotFoundException notSeen) {
            return false;
        }
    }

    @Override
    public boolean acceptsURL(String url) throws SQLException {
        return postgres.acceptsURL(url);
    }

    @Override
    public DriverPropertyInfo[] getPropertyInfo(String url, Properties info) throws SQLException {
        return postgres.getPropertyInfo(url, info);
    }

    @Override
    public int getMajorVersion() {
        return postgres.getMajorVersion();
    }

    @Override
    public int getMinorVersion() {
        return postgres.getMinorVersion();
    }

    @Override
    public boolean jdbcCompliant() {
        return postgres.jdbcCompliant();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return postgres.getParentLogger();
    }
}
