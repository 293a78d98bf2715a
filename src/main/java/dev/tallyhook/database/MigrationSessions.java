package dev.tallyhook.database;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.List;
import java.util.Properties;
import java.util.logging.Logger;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.jspecify.annotations.Nullable;

/** Gives Flyway sessions that are the service's own in every setting, and none in a database that is no ground for a ledger. */
public final class MigrationSessions {

    private MigrationSessions() {}

    /** To be called before anybody asks for its sessions. */
    public static void giveTo(FluentConfiguration flyway) {
        if (flyway.getUrl() != null) {
            flyway.dataSource(of(flyway.getUrl(), flyway.getUser(), flyway.getPassword()));
        }
    }

    /** The same for whoever only looks. */
    public static DataSource of(String url, @Nullable String user, @Nullable String password) {
        return new Sessions(url, user, password);
    }

    /** A new session each time. Flyway tries again when there is none. */
    private static final class Sessions implements DataSource {

        /** Said again to the session itself, because PgBouncer drops what the start packet says; those that the server does not know are left out. */
        private static final String COMPLETE = """
                SELECT set_config(wanted.name, wanted.value, false)
                FROM unnest(?::text[], ?::text[]) AS wanted (name, value) JOIN pg_settings USING (name)
                """;

        private static final List<SessionSettings.Setting> SETTINGS = Stream.concat(
                        SessionSettings.EVERY.stream(), SessionSettings.MIGRATION.stream())
                .toList();

        private static final String OPTIONS = SessionSettings.options(SETTINGS.stream()
                .filter(setting -> !setting.equals(SessionSettings.NO_TRANSACTION_TIMEOUT))
                .toList());

        private static final int CONNECT_MAX_SECONDS = 2;

        private final LedgerDriver driver = new LedgerDriver();
        private final String url;
        private final Properties info = new Properties();
        private boolean foundationBears;

        Sessions(String url, @Nullable String user, @Nullable String password) {
            this.url = url;
            info.setProperty("ApplicationName", "tallyhook-migration");
            info.setProperty("connectTimeout", Integer.toString(CONNECT_MAX_SECONDS));
            info.setProperty("hostRecheckSeconds", "1");
            info.setProperty("logServerErrorDetail", "false");
            if (user != null) {
                info.setProperty("user", user);
            }
            if (password != null) {
                info.setProperty("password", password);
            }
        }

        @Override
        public Connection getConnection() throws SQLException {
            Connection connection = driver.connect(url, info, OPTIONS, this::complete);
            if (connection == null) {
                throw new SQLException("Not the URL of a PostgreSQL: it begins with jdbc:postgresql:", "08001");
            }
            return connection;
        }

        private void complete(Connection connection) throws SQLException {
            try (PreparedStatement complete = connection.prepareStatement(COMPLETE)) {
                complete.setArray(1, column(connection, SETTINGS.stream().map(SessionSettings.Setting::name)));
                complete.setArray(2, column(connection, SETTINGS.stream().map(SessionSettings.Setting::value)));
                complete.execute();
            }
            if (!foundationBears) {
                Foundation foundation = Foundation.of(connection).bears();
                foundation.mayBecomeALedger(schemaIsNamed());
                LedgerDriver.lookIn(foundation.schema());
                foundationBears = true;
            }
        }

        private boolean schemaIsNamed() {
            Properties said = org.postgresql.Driver.parseURL(url, info);
            return said != null && said.getProperty("currentSchema") != null;
        }

        private static java.sql.Array column(Connection connection, Stream<String> values) throws SQLException {
            return connection.createArrayOf("text", values.toArray());
        }

        @Override
        public Connection getConnection(String user, String password) throws SQLException {
            return getConnection();
        }

        @Override
        public <T> T unwrap(Class<T> type) throws SQLException {
            throw new SQLException("Nothing is wrapped");
        }

        @Override
        public boolean isWrapperFor(Class<?> type) {
            return false;
        }

        @Override
        public @Nullable PrintWriter getLogWriter() {
            return null;
        }

        @Override
        public void setLogWriter(@Nullable PrintWriter out) {
            // Nothing is written.
        }

        @Override
        public void setLoginTimeout(int seconds) {
            // Each answer is waited for as long as the driver says.
        }

        @Override
        public int getLoginTimeout() {
            return 0;
        }

        @Override
        public Logger getParentLogger() throws SQLFeatureNotSupportedException {
            throw new SQLFeatureNotSupportedException();
        }
    }
}
