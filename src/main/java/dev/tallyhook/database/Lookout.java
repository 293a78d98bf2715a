package dev.tallyhook.database;

import io.agroal.api.configuration.AgroalConnectionFactoryConfiguration;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.util.Properties;

/** Opens a connection as a pool would now, to see where it leads, and closes it again. */
final class Lookout {

    /** Of its session, as PostgreSQL shows it. */
    private static final String APPLICATION_NAME = "tallyhook-lookout";

    /** A server that does not answer is no primary; in seconds, for each of its answers. */
    private static final String ANSWER_MAX_SECONDS = "2";

    private final AgroalConnectionFactoryConfiguration pool;
    private final Driver driver;

    Lookout(AgroalConnectionFactoryConfiguration pool) {
        this.pool = pool;
        this.driver = driver(pool.connectionProviderClass());
    }

    /** As the pool makes its own. */
    private static Driver driver(Class<?> type) {
        try {
            return type.asSubclass(Driver.class).getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    Sighting look() throws SQLException {
        try (Connection connection = driver.connect(pool.jdbcUrl(), properties())) {
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
        properties.setProperty("ApplicationName", APPLICATION_NAME);
        properties.setProperty("socketTimeout", ANSWER_MAX_SECONDS);
        // A host that was none a second ago may be the primary now.
        properties.setProperty("hostRecheckSeconds", "0");
        return properties;
    }
}
