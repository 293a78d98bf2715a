package dev.tallyhook.database;

import io.agroal.api.configuration.AgroalConnectionFactoryConfiguration;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/** Opens a connection as a pool would now, to see where it leads, and closes it again. */
final class Lookout {

    /** Of its session, as PostgreSQL shows it. */
    static final String APPLICATION_NAME = "tallyhook-lookout";

    /** A server that does not answer is no primary; in seconds, for each of its answers. */
    private static final int ANSWER_MAX_SECONDS = 2;

    private final AgroalConnectionFactoryConfiguration pool;

    Lookout(AgroalConnectionFactoryConfiguration pool) {
        this.pool = pool;
    }

    Sighting look() throws SQLException {
        try (Connection connection = new Driver().connect(pool.jdbcUrl(), properties())) {
            if (connection == null) {
                throw new SQLException("The URL is none of PostgreSQL");
            }
            return Sighting.by(connection);
        }
    }

    private Properties properties() {
        var properties = new Properties();
        properties.putAll(pool.jdbcProperties());
        if (pool.principal() instanceof NamePrincipal user) {
            properties.putAll(user.asProperties());
        }
        for (Object credential : pool.credentials()) {
            if (credential instanceof SimplePassword password) {
                properties.putAll(password.asProperties());
            }
        }
        PGProperty.APPLICATION_NAME.set(properties, APPLICATION_NAME);
        PGProperty.SOCKET_TIMEOUT.set(properties, ANSWER_MAX_SECONDS);
        // A host that was none a second ago may be the primary now.
        PGProperty.HOST_RECHECK_SECONDS.set(properties, 0);
        return properties;
    }
}
