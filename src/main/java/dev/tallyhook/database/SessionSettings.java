package dev.tallyhook.database;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What each session of the service says for itself, so that nothing that a role, a database or a server is set to changes what
 * a statement means. What is in the start packet stands above all of these, and a reload does not change it.
 *
 * <p>{@code default_transaction_read_only} is not among them: it is how an old primary is fenced off and how writes are stopped for a
 * move, so it is followed.
 *
 * @see <a href="https://www.postgresql.org/docs/current/config-setting.html">Where PostgreSQL takes settings from</a>
 */
final class SessionSettings {

    /** One setting, as {@code SET} has it. */
    record Setting(String name, String value) {}

    /**
     * A connection that idles is heard of every 60 s, and one that nobody answers on is given up 30 s later: before whatever stands
     * between forgets it, the shortest usual limit being 240 s (Azure's load balancers; 350 s at AWS).
     */
    static final int KEEPALIVE_IDLE_SECONDS = 60;

    static final int KEEPALIVE_INTERVAL_SECONDS = 10;
    static final int KEEPALIVE_COUNT = 3;

    /**
     * The server gives up as early who does not confirm what it has sent: while it waits for that, Linux asks for nobody, and would
     * send again for some 15 minutes.
     */
    static final int UNCONFIRMED_MILLIS_MAX =
            1_000 * (KEEPALIVE_IDLE_SECONDS + KEEPALIVE_INTERVAL_SECONDS * KEEPALIVE_COUNT);

    /** Of every session, before what its pool says besides. */
    static final List<Setting> EVERY = List.of(
            new Setting("default_transaction_isolation", "read committed"),
            new Setting("default_transaction_deferrable", "off"),
            // A policy that would hide rows is an error, and never an empty answer.
            new Setting("row_security", "off"),
            new Setting("array_nulls", "on"),
            new Setting("standard_conforming_strings", "on"),
            new Setting("transform_null_equals", "off"),
            // A row that is refused must not cost the connection.
            new Setting("exit_on_error", "off"),
            new Setting("client_min_messages", "notice"),
            new Setting("idle_session_timeout", "0"),
            // Every statement is served by an index, and takes less time than compiling it would.
            new Setting("enable_indexscan", "on"),
            new Setting("enable_indexonlyscan", "on"),
            new Setting("enable_bitmapscan", "on"),
            new Setting("enable_tidscan", "on"),
            // Otherwise what is joined to a few rows would be read whole, by whichever index.
            new Setting("enable_nestloop", "on"),
            new Setting("plan_cache_mode", "auto"),
            new Setting("jit", "off"),
            // Of a time that is looked up by a subquery the planner expects a third of all rows, and would start
            // workers to read a few.
            new Setting("max_parallel_workers_per_gather", "0"),
            new Setting("tcp_keepalives_idle", Integer.toString(KEEPALIVE_IDLE_SECONDS)),
            new Setting("tcp_keepalives_interval", Integer.toString(KEEPALIVE_INTERVAL_SECONDS)),
            new Setting("tcp_keepalives_count", Integer.toString(KEEPALIVE_COUNT)),
            new Setting("tcp_user_timeout", Integer.toString(UNCONFIRMED_MILLIS_MAX)));

    /** Known from PostgreSQL 17 on, and so never in the start packet of a server that is not known to be that new. */
    static final Setting NO_TRANSACTION_TIMEOUT = new Setting("transaction_timeout", "0");

    /** Of the session that migrates: an index of a large ledger takes as long as it takes, and nobody waits for it. */
    static final List<Setting> MIGRATION = List.of(
            new Setting("statement_timeout", "0"),
            new Setting("lock_timeout", "0"),
            new Setting("idle_in_transaction_session_timeout", "0"),
            // Rows are found again by their place, which other ways to keep a table may not have.
            new Setting("default_table_access_method", "heap"),
            NO_TRANSACTION_TIMEOUT);

    /** {@code -c name=value}, whose value may have spaces behind backslashes. */
    private static final Pattern OPTION = Pattern.compile("-c\\s*([\\w.]+)=((?:\\\\.|[^\\s\\\\])*)");

    private SessionSettings() {}

    /** As the start packet has them in its {@code options}. */
    static String options(List<Setting> settings) {
        return settings.stream()
                .map(setting -> "-c " + setting.name() + "="
                        + setting.value().replace("\\", "\\\\").replace(" ", "\\ "))
                .collect(Collectors.joining(" "));
    }

    /** What a session of a pool must have: what every session has, and what the pool's own {@code options} say instead. */
    static Map<String, String> wanted(String options) {
        Map<String, String> wanted = new LinkedHashMap<>();
        EVERY.forEach(setting -> wanted.put(setting.name(), setting.value()));
        OPTION.matcher(options)
                .results()
                .forEach(option -> wanted.put(option.group(1), option.group(2).replaceAll("\\\\(.)", "$1")));
        return wanted;
    }
}
