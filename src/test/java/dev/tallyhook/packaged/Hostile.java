package dev.tallyhook.packaged;

import java.util.List;
import java.util.stream.Collectors;

/** Settings that mean harm to whoever relies on PostgreSQL's own defaults, as {@code ALTER ROLE} and {@code ALTER DATABASE} take them. */
public final class Hostile {

    /** Each that changes what a session means; a server of version 17 or newer knows all of them. */
    private static final List<String> SETTINGS = List.of(
            "default_transaction_isolation = serializable",
            "default_transaction_deferrable = on",
            "synchronous_commit = off",
            "search_path = nowhere, public",
            "statement_timeout = 1",
            "lock_timeout = 1",
            "idle_session_timeout = '1s'",
            "idle_in_transaction_session_timeout = 1",
            "transaction_timeout = 1",
            "row_security = on",
            "array_nulls = off",
            "standard_conforming_strings = off",
            "escape_string_warning = off",
            "backslash_quote = off",
            "transform_null_equals = on",
            "exit_on_error = on",
            "client_min_messages = error",
            "TimeZone = 'Pacific/Chatham'",
            "DateStyle = 'German, DMY'",
            "IntervalStyle = sql_standard",
            "bytea_output = escape",
            "extra_float_digits = -15",
            "client_encoding = LATIN1",
            "default_table_access_method = heap",
            "default_toast_compression = pglz",
            "work_mem = '64kB'",
            "temp_buffers = 100",
            "plan_cache_mode = force_generic_plan",
            "enable_indexscan = off",
            "enable_indexonlyscan = off",
            "enable_bitmapscan = off",
            "enable_tidscan = off",
            "enable_nestloop = off",
            "enable_sort = off",
            "enable_seqscan = on",
            "jit = on",
            "max_parallel_workers_per_gather = 8",
            "jit_above_cost = 0",
            "session_replication_role = replica",
            "quote_all_identifiers = on",
            "constraint_exclusion = on",
            "tcp_keepalives_idle = 7200",
            "tcp_keepalives_interval = 75",
            "tcp_keepalives_count = 9",
            "tcp_user_timeout = 1");

    private Hostile() {}

    /** Statements that set all of them for a role and for a database. */
    public static String to(String role, String database) {
        return SETTINGS.stream()
                .map(setting ->
                        "ALTER ROLE %s SET %s; ALTER DATABASE %s SET %s".formatted(role, setting, database, setting))
                .collect(Collectors.joining("; "));
    }
}
