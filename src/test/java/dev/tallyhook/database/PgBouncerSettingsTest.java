package dev.tallyhook.database;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Holds what PgBouncer sets in its sessions against what the service says in its own. */
class PgBouncerSettingsTest {

    private static final List<String> POOLS = List.of("reading", "intake", "processing", "sweep", "delivery");

    /** Of those that every session has, PostgreSQL's default is another. */
    private static final Set<String> NOT_THE_DEFAULT = Set.of(
            "row_security",
            "jit",
            "max_parallel_workers_per_gather",
            "tcp_keepalives_idle",
            "tcp_keepalives_interval",
            "tcp_keepalives_count",
            "tcp_user_timeout");

    /** PgBouncer 1.18 sends no longer one. */
    private static final int CONNECT_QUERY_BYTES_MAX = 480;

    private static final Pattern DATABASE = Pattern.compile("(?m)^tallyhook_(\\w+) .*connect_query='((?:[^']|'')*)'$");
    private static final Pattern SET = Pattern.compile("SET (\\w+) = '?([^';]*)'?");

    @Test
    void pg_bouncer_sets_what_the_service_says_where_postgresqls_default_is_another() throws IOException {
        Map<String, Map<String, String>> wanted = new TreeMap<>();
        for (String pool : POOLS) {
            String options = options(pool);
            Map<String, String> settings = new TreeMap<>(SessionSettings.wanted(options));
            settings.keySet()
                    .removeIf(name -> !NOT_THE_DEFAULT.contains(name) && !options.contains("-c " + name + "="));
            wanted.put(pool, settings);
        }
        Map<String, Map<String, String>> set = new TreeMap<>();
        databases().forEach(database -> set.put(database.group(1), settings(database)));
        assertEquals(wanted, set);
        assertTrue(wanted.get("intake").size() >= 9, wanted.toString());
    }

    @Test
    void pg_bouncer_can_send_its_connect_query() throws IOException {
        assertEquals(POOLS.size(), databases().size());
        databases()
                .forEach(database ->
                        assertTrue(database.group(2).length() <= CONNECT_QUERY_BYTES_MAX, database.group(2)));
    }

    @Test
    void a_value_with_spaces_goes_through_options_and_back() {
        var settings = List.of(new SessionSettings.Setting("default_transaction_isolation", "repeatable read"));
        assertEquals("-c default_transaction_isolation=repeatable\\ read", SessionSettings.options(settings));
        assertEquals(
                "repeatable read",
                SessionSettings.wanted(SessionSettings.options(settings)).get("default_transaction_isolation"));
    }

    private static List<MatchResult> databases() throws IOException {
        return DATABASE.matcher(Files.readString(Path.of("deploy", "pgbouncer", "pgbouncer.ini")))
                .results()
                .toList();
    }

    private static Map<String, String> settings(MatchResult database) {
        Map<String, String> settings = new TreeMap<>();
        SET.matcher(database.group(2).replace("''", "'"))
                .results()
                .forEach(set -> settings.put(set.group(1), set.group(2)));
        return settings;
    }

    /** Of a pool, as the service is configured where nobody says otherwise. */
    static String options(String pool) throws IOException {
        var application = new Properties();
        try (var properties = Files.newBufferedReader(Path.of("src/main/resources/application.properties"))) {
            application.load(properties);
        }
        return application.getProperty("quarkus.datasource.%sjdbc.additional-jdbc-properties.options"
                .formatted(pool.equals("reading") ? "" : pool + "."));
    }
}
