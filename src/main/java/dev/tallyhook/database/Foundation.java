package dev.tallyhook.database;

import io.quarkus.runtime.configuration.ConfigurationException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a session finds: the server, the database, and where in it a ledger stands. What is no ground for one ends the start with a line. */
record Foundation(
        int version,
        String versionText,
        String encoding,
        String database,
        String user,
        String searchPath,
        @Nullable String schema,
        boolean mayCreate,
        @Nullable String readOnlySource,
        boolean ledgerIsHere,
        @Nullable String ledgerElsewhere,
        boolean keepsWhatItCommits) {

    private static final int VERSION_MIN = 15;

    /**
     * The first rule of the first migration tells a ledger from whatever else calls a table transactions. Who says read only is asked
     * for, because a role or a database that is set so stays so, while a server's own may be over soon, and is waited for.
     */
    private static final String LOOK = """
            SELECT current_setting('server_version_num')::int / 10000,
                   current_setting('server_version'),
                   current_setting('server_encoding'),
                   current_database(),
                   current_user,
                   current_setting('search_path'),
                   current_schema(),
                   coalesce(has_schema_privilege(current_schema(), 'CREATE'), false),
                   (SELECT source FROM pg_settings
                    WHERE name = 'default_transaction_read_only' AND setting = 'on'
                      AND source IN ('database', 'user', 'database user')),
                   coalesce(bool_or(ledger.schema = current_schema()), false),
                   min(ledger.schema) FILTER (WHERE ledger.schema IS DISTINCT FROM current_schema()),
                   current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on'
            FROM (SELECT nspname::text AS schema
                  FROM pg_constraint JOIN pg_namespace ON pg_namespace.oid = connamespace
                  WHERE conname = 'transaction_id_is_an_identifier') AS ledger
            """;

    private static final Map<String, String> SOURCES = Map.of(
            "database", "ALTER DATABASE … SET",
            "user", "ALTER ROLE … SET",
            "database user", "ALTER ROLE … IN DATABASE … SET");

    static Foundation of(Connection connection) throws SQLException {
        try (PreparedStatement look = connection.prepareStatement(LOOK);
                ResultSet row = look.executeQuery()) {
            row.next();
            return new Foundation(
                    row.getInt(1),
                    row.getString(2),
                    row.getString(3),
                    row.getString(4),
                    row.getString(5),
                    row.getString(6),
                    row.getString(7),
                    row.getBoolean(8),
                    row.getString(9),
                    row.getBoolean(10),
                    row.getString(11),
                    row.getBoolean(12));
        }
    }

    /** Where a setting of {@code pg_settings} comes from, as an operator would look for it. */
    static String source(String source) {
        return SOURCES.getOrDefault(source, source);
    }

    /** Of every session. */
    Foundation bears() {
        require(
                version >= VERSION_MIN,
                () -> ("Tallyhook needs PostgreSQL %d or newer, and this server is %s: upgrade it, or name"
                                + " another one in QUARKUS_DATASOURCE_JDBC_URL")
                        .formatted(VERSION_MIN, versionText));
        require(
                encoding.equals("UTF8"),
                () -> ("The database %s has the encoding %s, which cannot keep every id: make one that can,"
                                + " CREATE DATABASE tallyhook OWNER \"%s\" ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0, and name it in"
                                + " QUARKUS_DATASOURCE_JDBC_URL")
                        .formatted(database, encoding, user));
        require(
                schema != null,
                () -> ("No schema of the search_path %s is there for the role %s: CREATE SCHEMA one and GRANT USAGE,"
                                + " CREATE on it, or ALTER ROLE \"%s\" SET search_path to one that is")
                        .formatted(searchPath, user, user));
        require(
                readOnlySource == null,
                () -> ("The database %s lets the role %s only read: default_transaction_read_only is on by %s."
                                + " If this is the database that takes webhooks, RESET it there; if not, name that one in"
                                + " QUARKUS_DATASOURCE_JDBC_URL")
                        .formatted(database, user, source(String.valueOf(readOnlySource))));
        return this;
    }

    /**
     * Of the session that migrates, before it does.
     *
     * @param schemaIsNamed whether the URL says which schema is meant, so that a second ledger is no accident
     */
    void mayBecomeALedger(boolean schemaIsNamed) {
        if (ledgerIsHere) {
            return;
        }
        require(
                ledgerElsewhere == null || schemaIsNamed,
                () -> ("The ledger stands in the schema %s, and the search_path %s of the role"
                                + " %s leads to the schema %s, where another, empty one would be made: ALTER ROLE \"%s\" SET search_path = \"%s\"."
                                + " If a second ledger is meant, say so in QUARKUS_DATASOURCE_JDBC_URL with currentSchema=%s")
                        .formatted(ledgerElsewhere, searchPath, user, schema, user, ledgerElsewhere, schema));
        require(
                mayCreate,
                () -> ("The role %s may not make the tables in the schema %s: GRANT USAGE, CREATE ON SCHEMA \"%s\" TO"
                                + " \"%s\", or let a role that may migrate, with QUARKUS_FLYWAY_USERNAME and QUARKUS_FLYWAY_PASSWORD")
                        .formatted(user, schema, schema, user));
    }

    static void require(boolean holds, Supplier<String> otherwise) {
        if (!holds) {
            throw new ConfigurationException(otherwise.get());
        }
    }
}
