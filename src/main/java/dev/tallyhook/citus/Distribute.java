package dev.tallyhook.citus;

import dev.tallyhook.database.MigrationSessions;
import io.quarkus.runtime.QuarkusApplication;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/**
 * {@code distribute [shards]}: distributes the ledger over the servers that Citus knows, as the role that migrates. It may run beside
 * replicas, which notice when it is done, and again when it was broken off: each step looks whether there is anything left to do.
 *
 * @see <a href="https://docs.citusdata.com/en/stable/develop/api_udf.html">Functions of Citus</a>
 */
public final class Distribute implements QuarkusApplication {

    /** The command's name. */
    public static final String NAME = "distribute";

    /** Several on each server, so that some can move to one that is added; each costs each group of its server a little. */
    private static final int SHARDS_USUAL = 16;

    private static final int SHARDS_MAX = 1024;
    private static final int VERSION_MIN = 12;
    private static final Duration TELL_PERIOD = Duration.ofSeconds(10);

    /**
     * Keeps shards where they are until the transaction is over, and fails if one of them is not on this server. Citus takes the same lock, and
     * waits for it, before it moves or divides a shard; who has waited for Citus finds out afterwards that the shard is gone, because each statement in
     * here sees what was committed before it began. It belongs to the table's owner, because only that one may lock.
     */
    private static final String GUARD = """
            CREATE OR REPLACE FUNCTION on_shards(shards bigint[]) RETURNS void
            LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $function$
            BEGIN
                BEGIN
                    PERFORM lock_shard_metadata(5, shards); -- ShareLock
                EXCEPTION
                    WHEN lock_not_available THEN
                        RAISE object_in_use USING MESSAGE = 'a shard of the ledger is just being moved or divided';
                    WHEN internal_error THEN
                        NULL; -- There is no such shard any more, which is found out below.
                END;
                IF (SELECT count(*)
                    FROM pg_dist_placement
                    WHERE shardid = ANY (shards)
                      AND groupid = (SELECT groupid FROM pg_dist_local_group)) < cardinality(shards) THEN
                    RAISE serialization_failure USING MESSAGE = 'a shard of the ledger is on this server no more';
                END IF;
            END $function$
            """;

    /**
     * What is to be told to endpoints, until it is carried to the queue. The id is that of one of its transactions, so that a row is in the
     * shard of all of them.
     */
    private static final String TELLINGS = """
            CREATE TABLE IF NOT EXISTS tellings (
                transaction_id  text COLLATE "C"   NOT NULL,
                telling_id      uuid               NOT NULL DEFAULT gen_random_uuid(),
                event           "char"             NOT NULL,
                ids             text[] COLLATE "C" NOT NULL, -- as in deliveries, but compressed
                of_transactions text[] COLLATE "C" NOT NULL, -- of each
                kept_at         timestamptz        NOT NULL DEFAULT now(),

                CONSTRAINT tellings_pkey PRIMARY KEY (transaction_id, telling_id),
                CONSTRAINT event_is_known CHECK (event IN ('p', 'a', 'c'))
            )
            """;

    private record Index(String name, String table, String rows) {}

    /**
     * The next number of what a shard keeps, from its server's share of a sequence. The owner takes it, because rights on the sequences of
     * identity columns are not brought to other servers.
     */
    private static final String NUMBERS = """
            CREATE OR REPLACE FUNCTION next_number(of text) RETURNS bigint
            LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $function$
            BEGIN
                RETURN CASE of
                    WHEN 'conflict' THEN nextval('conflicts_conflict_id_seq')
                    WHEN 'hold' THEN nextval('holds_hold_id_seq')
                END;
            END $function$
            """;

    /** Whoever may write to the ledger may use what is new. Only who may needs to hold shards where they are. */
    private static final String RIGHTS = """
            DO $$
            DECLARE
                writer text;
            BEGIN
                REVOKE ALL ON FUNCTION on_shards(bigint[]), next_number(text) FROM PUBLIC;
                FOR writer IN
                    SELECT DISTINCT CASE WHEN grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
                    FROM pg_class, aclexplode(relacl)
                    WHERE oid = 'transactions'::regclass AND privilege_type = 'INSERT' AND grantee <> relowner
                LOOP
                    EXECUTE format('GRANT EXECUTE ON FUNCTION on_shards(bigint[]), next_number(text) TO %1$s', writer);
                    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON tellings TO %1$s', writer);
                END LOOP;
            END $$
            """;

    /**
     * By which shards are read: each index has one status alone, so that what waits is found without what is finished, and lists by account,
     * source, type and subject are found where they are. A finish costs more than on a plain ledger, on as many servers as there are.
     */
    private static final List<Index> INDEXES = List.of(
            new Index("transactions_queue", "transactions", "(due_at) WHERE status = 'PROCESSING'"),
            new Index("transactions_open", "transactions", "(created_at) WHERE status = 'PROCESSING'"),
            new Index("transactions_on_hold", "transactions", "(created_at) WHERE status = 'HELD'"),
            new Index("transactions_done", "transactions", "(created_at) WHERE status = 'PROCESSED'"),
            new Index(
                    "transactions_done_from",
                    "transactions",
                    "(source_account, created_at) WHERE status = 'PROCESSED'"),
            new Index(
                    "transactions_done_to",
                    "transactions",
                    "(destination_account, created_at) WHERE status = 'PROCESSED'"),
            new Index(
                    "transactions_done_of_source",
                    "transactions",
                    "(source, created_at) WHERE status = 'PROCESSED' AND source IS NOT NULL"),
            new Index(
                    "transactions_done_of_type",
                    "transactions",
                    "(type, created_at) WHERE status = 'PROCESSED' AND type IS NOT NULL"),
            new Index(
                    "transactions_done_of_subject",
                    "transactions",
                    "(subject, (coalesce(occurred_at, created_at)))"
                            + " WHERE status = 'PROCESSED' AND subject IS NOT NULL"),
            new Index("conflicts_by_number", "conflicts", "(conflict_id)"),
            new Index("tellings_by_time", "tellings", "(kept_at)"));

    /** Citus takes none on a table that is distributed. What they do for a plain ledger nobody needs of this one. */
    private static final String FAREWELL = """
            DO $$
            BEGIN
                IF EXISTS (SELECT FROM pg_trigger WHERE tgname = 'post_late' AND tgrelid = 'transactions'::regclass) THEN
                    DROP TRIGGER post_late ON transactions;
                END IF;
                IF EXISTS (SELECT FROM pg_trigger WHERE tgname = 'hold_strays' AND tgrelid = 'holds'::regclass) THEN
                    DROP TRIGGER hold_strays ON holds;
                END IF;
            END $$
            """;

    /** As migrations 019 and 021 have them, if the table could not be distributed after all. */
    private static final String TRIGGERS_AGAIN = """
            CREATE OR REPLACE TRIGGER post_late AFTER INSERT ON transactions
                FOR EACH ROW WHEN (NEW.created_at < clock_timestamp() - interval '10 seconds' OR NEW.due_at < NEW.created_at)
                EXECUTE FUNCTION post_late();
            ALTER TABLE transactions ENABLE ALWAYS TRIGGER post_late;
            CREATE OR REPLACE TRIGGER hold_strays AFTER INSERT ON holds FOR EACH ROW EXECUTE FUNCTION hold_strays();
            ALTER TABLE holds ENABLE ALWAYS TRIGGER hold_strays;
            INSERT INTO strays (transaction_id, look_at)
            SELECT DISTINCT transaction_id, 'infinity'::timestamptz FROM transactions WHERE status = 'HELD'
            UNION
            SELECT DISTINCT transaction_id, due_at FROM transactions JOIN holds USING (transaction_id) WHERE status = 'PROCESSING'
            """;

    /** Citus drops one of them at a time. */
    private static final List<String> INDEXES_OF_BEFORE = List.of(
            "transactions_by_due",
            "transactions_by_time",
            "transactions_due",
            "transactions_waiting",
            "transactions_finished_by_time",
            "transactions_held");

    private static final List<String> AFTERWARDS =
            List.of("TRUNCATE stretches, postings, late_postings, strays", "ANALYZE transactions");

    /** Citus finds a row of a unique index in one shard, so the key must have the column that says which. */
    private static final String KEY = """
            DO $$
            BEGIN
                IF (SELECT indnkeyatts FROM pg_index WHERE indexrelid = to_regclass('%1$s_pkey')) = 1 THEN
                    ALTER TABLE %1$s DROP CONSTRAINT %1$s_pkey;
                    ALTER TABLE %1$s ADD CONSTRAINT %1$s_pkey PRIMARY KEY (transaction_id, %2$s);
                END IF;
            END $$
            """;

    private static final String IS_DISTRIBUTED =
            "SELECT count(*) FROM pg_dist_partition WHERE logicalrelid = '%s'::regclass AND partmethod = 'h'";

    /**
     * Whether a table can be copied while it is written to. The latest releases of PostgreSQL let nobody but a superuser use a library for
     * logical replication that is not named in a setting, and Citus brings one.
     */
    private static final String LOGICAL = """
            SELECT count(*)
            FROM pg_settings
            WHERE name = 'wal_level' AND setting = 'logical'
              AND NOT EXISTS (
                  SELECT FROM pg_settings
                  WHERE name = 'output_plugin_libraries' AND setting !~ '\\mcitus\\M')
            """;

    /** A copy that was broken off leaves a table of which Citus knows already, and which it keeps a claim from. */
    private static final String IS_LEFT_BEHIND =
            "SELECT count(*) FROM pg_dist_partition WHERE logicalrelid = '%s'::regclass AND partmethod = 'n'";

    private static final String HAS_ROWS = "SELECT count(*) FROM (SELECT FROM %s LIMIT 1) AS any_row";

    private static final String ROWS = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = '%s'::regclass";

    /** Of what is being copied, on all servers together. */
    private static final String COPIED = """
            SELECT coalesce(sum(result::bigint), 0)
            FROM run_command_on_workers($$ SELECT coalesce(sum(tuples_processed), 0) FROM pg_stat_progress_copy $$)
            WHERE success
            """;

    private static final String WHAT_IS_MISSING = """
            SELECT CASE
                WHEN (SELECT split_part(extversion, '.', 1)::int FROM pg_extension WHERE extname = 'citus') < %d
                    THEN 'Citus ' || (SELECT extversion FROM pg_extension WHERE extname = 'citus') || ' is older than 12: upgrade it'
                WHEN (SELECT groupid FROM pg_dist_local_group) <> 0
                    THEN 'this server is a worker: name the coordinator in QUARKUS_FLYWAY_JDBC_URL and QUARKUS_DATASOURCE_JDBC_URL'
                WHEN NOT EXISTS (SELECT FROM pg_dist_node WHERE noderole = 'primary' AND isactive AND shouldhaveshards)
                    THEN 'there is no server that shards could be on: SELECT citus_add_node(''host'', 5432) for each'
                WHEN EXISTS (SELECT FROM pg_dist_node WHERE noderole = 'primary' AND isactive AND NOT (hasmetadata AND metadatasynced))
                    THEN 'a server does not know where shards are: SELECT start_metadata_sync_to_all_nodes()'
                WHEN NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('transactions') AND pg_has_role(relowner, 'USAGE'))
                    THEN 'the role ' || current_user || ' does not own the ledger: name the one that does in QUARKUS_FLYWAY_USERNAME'
            END
            """.formatted(VERSION_MIN);

    private final DataSource sessions;
    private boolean isOnline;

    Distribute(
            @ConfigProperty(name = "quarkus.flyway.jdbc-url") Optional<String> url,
            @ConfigProperty(name = "quarkus.flyway.username") Optional<String> user,
            @ConfigProperty(name = "quarkus.flyway.password") Optional<String> password) {
        // Without a URL no start gets as far as this command, and it says so itself.
        sessions = MigrationSessions.of(
                url.orElse(""), user.filter(name -> !name.isEmpty()).orElse(null), password.orElse(null));
    }

    @Override
    public int run(String... arguments) {
        Optional<Integer> shards = shards(arguments);
        if (shards.isEmpty()) {
            System.err.printf(
                    "Usage: %s [shards], where shards is how many parts the ledger is divided into, from 1 to %d, usually %d%n",
                    NAME, SHARDS_MAX, SHARDS_USUAL);
            return 2;
        }
        try (Connection connection = sessions.getConnection()) {
            String missing = missing(connection);
            if (missing != null) {
                System.err.println("The ledger cannot be distributed: " + missing);
                return 1;
            }
            distribute(connection, shards.get());
            return 0;
        } catch (SQLException failure) {
            System.err.printf(
                    "The ledger is not distributed, or not in full: %s. Nothing is lost, and the command may run again%n",
                    failure.getMessage());
            return 1;
        }
    }

    private static Optional<Integer> shards(String... arguments) {
        if (arguments.length == 1) {
            return Optional.of(SHARDS_USUAL);
        }
        return Optional.of(arguments)
                .filter(all -> all.length == 2 && all[1].matches("\\d{1,4}"))
                .map(all -> Integer.valueOf(all[1]))
                .filter(number -> number >= 1 && number <= SHARDS_MAX);
    }

    private static @Nullable String missing(Connection connection) throws SQLException {
        return number(connection, "SELECT count(*) FROM pg_extension WHERE extname = 'citus'") == 0
                ? "the database has no Citus: CREATE EXTENSION citus, on each server, which needs shared_preload_libraries = 'citus'"
                : text(connection, WHAT_IS_MISSING);
    }

    private void distribute(Connection connection, int shards) throws SQLException {
        isOnline = number(connection, LOGICAL) > 0;
        if (!isOnline) {
            tell(
                    "wal_level is not logical: while a table is copied, webhooks are answered 503. With it, only for a moment at the end");
        }
        execute(connection, "a guard for shards", GUARD);
        execute(connection, "numbers for what they keep", NUMBERS);
        execute(connection, "the table tellings", TELLINGS);
        for (Index index : INDEXES) {
            if (number(connection, IS_DISTRIBUTED.formatted(index.table())) == 0) {
                index(connection, index);
            }
        }
        execute(connection, null, RIGHTS);
        tables(connection, shards);
        for (String index : INDEXES_OF_BEFORE) {
            execute(connection, null, "DROP INDEX IF EXISTS " + index);
        }
        for (String last : AFTERWARDS) {
            execute(connection, null, last);
        }
        tell("The ledger is distributed. Replicas notice by themselves, within a second");
    }

    /** One that was broken off is invalid, and built anew. */
    private static void index(Connection connection, Index index) throws SQLException {
        String isValid =
                "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('" + index.name() + "') AND indisvalid";
        if (number(connection, isValid) == 0) {
            execute(connection, null, "DROP INDEX IF EXISTS " + index.name());
            execute(
                    connection,
                    "the index " + index.name(),
                    "CREATE INDEX CONCURRENTLY " + index.name() + " ON " + index.table() + " " + index.rows());
        }
    }

    /**
     * First the one that grows with every webhook, beside replicas that go on; then those that a webhook may meet, which are small; at last the
     * requests of providers: by then everything else is stored and finished in shards.
     */
    private void tables(Connection connection, int shards) throws SQLException {
        if (number(connection, IS_LEFT_BEHIND.formatted("transactions")) > 0) { // By a process that was killed.
            execute(connection, "the table transactions plain again", "SELECT undistribute_table('transactions')");
        }
        execute(connection, null, "SET citus.shard_replication_factor = 1");
        String alone = "shard_count => " + shards + ", colocate_with => 'none'";
        try {
            execute(connection, null, FAREWELL);
            table(connection, "transactions", "transaction_id", alone);
        } catch (SQLException failure) {
            takeBackTriggers(failure);
            throw failure;
        }
        execute(connection, null, KEY.formatted("conflicts", "conflict_id"));
        execute(connection, null, KEY.formatted("holds", "hold_id"));
        for (String table : List.of("conflicts", "holds", "gone", "tellings", "events")) {
            table(connection, table, "transaction_id", "colocate_with => 'transactions'");
        }
        table(connection, "requests", "id", alone);
    }

    private void table(Connection connection, String table, String column, String how) throws SQLException {
        if (number(connection, IS_DISTRIBUTED.formatted(table)) > 0) {
            return;
        }
        boolean isEmpty = number(connection, HAS_ROWS.formatted(table)) == 0;
        String function = isEmpty || !isOnline ? "create_distributed_table" : "create_distributed_table_concurrently";
        long rows = number(connection, ROWS.formatted(table));
        long begun = System.nanoTime();
        tell("Distributing the table %s, of about %d rows", table, rows);
        var progress = Executors.newSingleThreadScheduledExecutor();
        try {
            var unused = progress.scheduleAtFixedRate(
                    () -> tellProgress(table), TELL_PERIOD.toSeconds(), TELL_PERIOD.toSeconds(), TimeUnit.SECONDS);
            execute(connection, null, "SELECT " + function + "('" + table + "', '" + column + "', " + how + ")");
        } catch (SQLException failure) {
            takeBack(connection, table, failure);
            throw failure;
        } finally {
            progress.shutdownNow();
        }
        tell(
                "The table %s is distributed, in %d s",
                table, Duration.ofNanos(System.nanoTime() - begun).toSeconds());
    }

    /** On another session, because the one that failed may be lost. */
    private void takeBackTriggers(SQLException failure) {
        try (Connection connection = sessions.getConnection()) {
            takeBack(connection, "transactions", failure);
            if (number(connection, IS_DISTRIBUTED.formatted("transactions")) == 0) {
                execute(connection, "the triggers of a plain ledger again", TRIGGERS_AGAIN);
                tell(
                        "The indexes that were made stay until it is distributed, and cost each finish something: DROP INDEX them, or run it again");
            }
        } catch (SQLException another) {
            failure.addSuppressed(another);
            tell(
                    "Run it again soon: until then lists may miss what comes late, and it may be that nothing is finished");
        }
    }

    private static void takeBack(Connection connection, String table, SQLException failure) {
        try {
            if (number(connection, IS_LEFT_BEHIND.formatted(table)) > 0) {
                execute(connection, null, "SELECT undistribute_table('" + table + "')");
            }
        } catch (SQLException another) {
            failure.addSuppressed(another);
        }
    }

    private void tellProgress(String table) {
        try (Connection connection = sessions.getConnection()) {
            tell("%s: %d rows are being copied right now", table, number(connection, COPIED));
        } catch (SQLException unseen) {
            tell("%s: still being distributed", table);
        }
    }

    private static void execute(Connection connection, @Nullable String what, String sql) throws SQLException {
        if (what != null) {
            tell("Making " + what);
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }

    private static @Nullable String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private static void tell(String line, Object... values) {
        System.out.printf(line + "%n", values);
    }
}
