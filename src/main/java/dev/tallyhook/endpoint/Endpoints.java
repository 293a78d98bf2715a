package dev.tallyhook.endpoint;

import static dev.tallyhook.database.Durability.DURABLY;

import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.transaction.Absence;
import dev.tallyhook.transaction.Cursor;
import dev.tallyhook.transaction.Sql;
import jakarta.enterprise.context.ApplicationScoped;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The table of endpoints: each change is one statement that is on disk before it is answered. */
@ApplicationScoped
class Endpoints {

    /** So many are looked at each second, and by each batch that is finished. */
    static final int COUNT_MAX = 1000;

    /** Of those that are made here; those of the configuration are called otherwise. */
    static final String ID_PREFIX = "ep_";

    /** As many as make an id that nobody guesses. */
    private static final int ID_LENGTH = 22;

    private static final int ID_BASE = 36;

    private static final SecureRandom RANDOM = new SecureRandom();

    /** What the lock of making one is called, in the space of {@code pg_advisory_xact_lock}: any number that is nobody else's. */
    private static final long LOCK = 0x656e64706f696e74L;

    private static final String SELECT = "SELECT " + EndpointRow.COLUMNS + " FROM endpoints";

    private static final String ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(?)::text";

    private static final String INSERT = """
            INSERT INTO endpoints (
                endpoint_id, url, description, events, sources, types, currencies, accounts, amount_min, signature, sealed_secrets)
            SELECT ?::text, ?::text, ?::text, ?::text[], ?::text[], ?::text[], ?::text[], ?::text[], ?::numeric, ?::text, ?::bytea
            WHERE (SELECT count(*) FROM endpoints) < ?
              AND %s
            RETURNING %s
            """.formatted(DURABLY, EndpointRow.COLUMNS);

    /** What it has failed at counts no more where it is now, and no more after somebody has looked at it. */
    private static final String CHANGE =
            """
            WITH new AS (SELECT ?::text AS state, ?::boolean AS anew)
            UPDATE endpoints
            SET url = ?,
                description = ?,
                events = ?,
                sources = ?,
                types = ?,
                currencies = ?,
                accounts = ?,
                amount_min = ?,
                state = new.state,
                disabled_because = CASE WHEN new.state = 'DISABLED' THEN disabled_because END,
                disabled_at = CASE WHEN new.state = 'DISABLED' THEN disabled_at END,
                failing_since = CASE WHEN NOT new.anew THEN failing_since END,
                failures = CASE WHEN NOT new.anew THEN failures ELSE 0 END,
                retry_at = CASE WHEN NOT new.anew THEN retry_at END,
                changed_at = clock_timestamp()
            FROM new
            WHERE endpoint_id = ?
              AND changed_at = ?
              AND endpoints.state = ?
              AND %s
            RETURNING %s
            """.formatted(DURABLY, EndpointRow.COLUMNS.replaceFirst("\\bstate\\b", "endpoints.state"));

    private static final String ROTATE = """
            UPDATE endpoints
            SET sealed_secrets = ?,
                changed_at = clock_timestamp()
            WHERE endpoint_id = ?
              AND sealed_secrets = ?
              AND %s
            RETURNING %s
            """.formatted(DURABLY, EndpointRow.COLUMNS);

    private static final String DELETE = """
            DELETE FROM endpoints
            WHERE endpoint_id = ?
              AND (configured_at IS NULL OR disabled_because = '%s')
              AND %s
            RETURNING endpoint_id
            """.formatted(ConfiguredRows.NOT_CONFIGURED, DURABLY);

    private final DataSource dataSource;

    Endpoints(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    static String newId() {
        var id = new StringBuilder(ID_PREFIX);
        RANDOM.ints(ID_LENGTH, 0, ID_BASE).forEach(digit -> id.append(Character.forDigit(digit, ID_BASE)));
        return id.toString();
    }

    static String @Nullable [] array(@Nullable List<String> entries) {
        return entries == null ? null : entries.toArray(String[]::new);
    }

    /**
     * Adds one.
     *
     * @throws ProblemException 409 if there are as many as there may be
     */
    EndpointRow add(String id, EndpointSettings settings, SignatureVersion version, byte[] sealed) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                new Sql().add(ONE_AT_A_TIME, LOCK).query(connection, row -> row.getString(1));
                Optional<EndpointRow> added = first(
                        connection,
                        new Sql()
                                .add(
                                        INSERT,
                                        id,
                                        settings.url(),
                                        settings.description(),
                                        array(settings.events()),
                                        array(settings.sources()),
                                        array(settings.types()),
                                        array(settings.currencies()),
                                        array(settings.accounts()),
                                        settings.amountMin(),
                                        version.label(),
                                        sealed,
                                        COUNT_MAX));
                connection.commit();
                return added.orElseThrow(() ->
                        ProblemException.conflict("There are " + COUNT_MAX + " endpoints, and no more can be made"));
            } catch (SQLException | RuntimeException failure) {
                connection.rollback();
                throw failure;
            }
        }
    }

    /** Oldest first, behind the cursor. */
    List<EndpointRow> list(int limit, Optional<Cursor> after) throws SQLException {
        var page = new Sql().add(SELECT + " WHERE true");
        after.ifPresent(cursor -> page.add(" AND (created_at, endpoint_id) > (?, ?)", cursor.at(), cursor.key()));
        return page.add(" ORDER BY created_at, endpoint_id LIMIT ?", limit).query(dataSource, EndpointRow::of);
    }

    /**
     * The one with this id.
     *
     * @throws ProblemException 404 if there is none, 503 if the database cannot say so
     */
    EndpointRow get(String id) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            Optional<EndpointRow> found = first(connection, new Sql().add(SELECT + " WHERE endpoint_id = ?", id));
            if (found.isEmpty()) {
                throw Absence.of(connection, null, "Endpoint not found");
            }
            return found.get();
        }
    }

    /**
     * Changes one as it was read.
     *
     * @param anew whether what it has failed at counts no more
     * @return nothing if somebody else has changed it since
     */
    Optional<EndpointRow> change(EndpointRow before, EndpointSettings settings, EndpointState state, boolean anew)
            throws SQLException {
        return first(new Sql()
                .add(
                        CHANGE,
                        state.name(),
                        anew,
                        settings.url(),
                        settings.description(),
                        array(settings.events()),
                        array(settings.sources()),
                        array(settings.types()),
                        array(settings.currencies()),
                        array(settings.accounts()),
                        settings.amountMin(),
                        before.id(),
                        before.changedAt(),
                        before.state().name()));
    }

    /** Puts other secrets in the place of those that were read; nothing if somebody else has done so since. */
    Optional<EndpointRow> reseal(EndpointRow before, byte[] sealed) throws SQLException {
        return first(new Sql().add(ROTATE, sealed, before.id(), before.sealedSecrets()));
    }

    /** Whether it was there, and could be removed: one that is configured comes back, and stays. */
    boolean remove(String id) throws SQLException {
        return !new Sql()
                .add(DELETE, id)
                .query(dataSource, row -> row.getString(1))
                .isEmpty();
    }

    private Optional<EndpointRow> first(Sql statement) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return first(connection, statement);
        }
    }

    private static Optional<EndpointRow> first(Connection connection, Sql statement) throws SQLException {
        return statement.query(connection, EndpointRow::of).stream().findFirst();
    }
}
