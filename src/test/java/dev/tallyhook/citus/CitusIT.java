package dev.tallyhook.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Eventually;
import dev.tallyhook.packaged.Receiver;
import dev.tallyhook.packaged.Service;
import dev.tallyhook.source.SchemeSender;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** The packaged service on a coordinator and two workers: one after the other, what an operator does with them, and what befalls them. */
@Tag("whole-machine")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class CitusIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static final int SHARDS = 8;
    private static final byte[] GARBAGE = new byte[8_192];

    static {
        Arrays.fill(GARBAGE, (byte) 0x5a);
    }

    private static final Duration SOON = Duration.ofSeconds(20);

    /** What the promise says of what is due when a server has come back. */
    private static final Duration FINISHED_AFTER_RETURN_MAX = Duration.ofSeconds(10);

    private static final SchemeSender STRIPE = SchemeSender.of("stripe");
    private static final SchemeSender GOCARDLESS = SchemeSender.of("gocardless");

    private static CitusServers servers;
    private static Receiver receiver;
    private static Service service;

    /** Of every webhook that was answered 202. */
    private static final Set<String> ACCEPTED = ConcurrentHashMap.newKeySet();

    @BeforeAll
    static void start() throws Exception {
        CitusServers.assumeInstalled();
        servers = new CitusServers(2);
        receiver = new Receiver();
        service = Service.launch(environment(), DatabaseServer.freePort());
        service.awaitHealthy();
    }

    private static Map<String, String> environment() {
        Map<String, String> environment = new HashMap<>(servers.environment());
        environment.put("TALLYHOOK_PROCESSING_DELAY", "PT1S");
        environment.putAll(STRIPE.environment());
        environment.putAll(GOCARDLESS.environment());
        environment.put("TALLYHOOK_TELLING_ALLOW_HTTP", "true");
        environment.put("TALLYHOOK_TELLING_ALLOWED_NETWORKS", "127.0.0.0/8");
        environment.put("TALLYHOOK_ENDPOINTS_HEARS_URL", receiver.url());
        environment.put("TALLYHOOK_ENDPOINTS_HEARS_SECRETS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        environment.put(
                "TALLYHOOK_ENDPOINTS_HEARS_EVENTS",
                "transaction.accepted,transaction.processed,transaction.conflicting");
        return environment;
    }

    @AfterAll
    static void stop() throws Exception {
        if (service != null) {
            service.close();
        }
        if (receiver != null) {
            receiver.close();
        }
        if (servers != null) {
            servers.close();
        }
    }

    private static HttpResponse<String> get(String path) throws Exception {
        return service.get(path, "none");
    }

    private static int post(String id, String amount) throws Exception {
        int status = service.post("""
                        {"transaction_id": "%s", "source_account": "from_%s", "destination_account": "to", "amount": %s, "currency": "INR"}""".formatted(id, id, amount)).statusCode();
        if (status == 202) {
            ACCEPTED.add(id);
        }
        return status;
    }

    private static long finished() throws SQLException {
        return servers.coordinator().number("SELECT count(*) FROM transactions WHERE status = 'PROCESSED'");
    }

    private static void awaitAllFinished(Duration within) throws Exception {
        Eventually.within(
                within,
                () -> finished() == servers.coordinator().number("SELECT count(*) FROM transactions"),
                () -> "not all is finished:\n" + service.log());
        assertEquals(
                0,
                servers.coordinator()
                        .number(
                                "SELECT count(*) FROM transactions WHERE processed_at < due_at OR processed_at IS NULL"));
    }

    private static void assertAllAcceptedIsThere() throws SQLException {
        Set<String> stored = new HashSet<>();
        try (var connection = servers.coordinator().connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery("SELECT transaction_id FROM transactions")) {
            while (rows.next()) {
                assertTrue(stored.add(rows.getString(1)), () -> "twice");
            }
        }
        Set<String> lost = new HashSet<>(ACCEPTED);
        lost.removeAll(stored);
        assertEquals(Set.of(), lost);
    }

    private static List<String> ids(String prefix, int count) {
        return IntStream.range(0, count).mapToObj(i -> prefix + i).toList();
    }

    @Test
    @Order(1)
    void a_ledger_is_distributed_beside_a_replica_that_goes_on() throws Exception {
        for (String id : ids("before_", 50)) {
            assertEquals(202, post(id, "1"));
        }
        assertEquals(409, post("before_1", "2"));
        Service command = Service.command(environment(), Distribute.NAME, Integer.toString(SHARDS));
        assertEquals(0, command.awaitExit(), command::log);
        Eventually.within(
                SOON, () -> service.log().contains("The ledger is distributed by Citus"), () -> service.log());
        assertEquals(
                SHARDS,
                servers.coordinator()
                        .number("SELECT count(*) FROM citus_shards WHERE table_name = 'transactions'::regclass"));
        for (String id : ids("after_", 50)) {
            assertEquals(202, post(id, "1"));
        }
        assertEquals(202, post("before_1", "1"), "a replay");
        assertEquals(409, post("before_1", "2"), "on record before");
        assertEquals(409, post("after_1", "2"));
        awaitAllFinished(SOON);
        assertAllAcceptedIsThere();
        JsonNode conflicts = JSON.readTree(get("/v1/conflicts").body()).get("conflicts");
        assertEquals(2, conflicts.size());
        assertEquals("after_1", conflicts.get(0).get("transaction_id").asText());
        assertEquals(2, conflicts.get(1).get("attempts").asInt());

        Service again = Service.command(environment(), Distribute.NAME, Integer.toString(SHARDS));
        assertEquals(0, again.awaitExit(), again::log);
    }

    @Test
    @Order(2)
    void lists_give_page_after_page_what_they_give_on_one_server() throws Exception {
        awaitAllFinished(SOON);
        for (String filter : List.of("", "status=PROCESSED", "destination_account=to")) {
            List<String> listed = new ArrayList<>();
            String cursor = null;
            do {
                JsonNode page = JSON.readTree(
                        get("/v1/transactions?limit=7&" + filter + (cursor == null ? "" : "&cursor=" + cursor))
                                .body());
                page.get("transactions")
                        .forEach(row -> listed.add(row.get("transaction_id").asText()));
                cursor = page.get("next_cursor").textValue();
            } while (cursor != null);
            assertEquals(
                    servers.coordinator()
                            .text(
                                    "SELECT string_agg(transaction_id, ' ' ORDER BY created_at DESC, transaction_id COLLATE \"C\" DESC)"
                                            + " FROM transactions"),
                    String.join(" ", listed),
                    filter);
        }
        JsonNode one = JSON.readTree(
                get("/v1/transactions?source_account=from_after_7").body());
        assertEquals(1, one.get("transactions").size());
        assertEquals(200, get("/v1/transactions/after_7").statusCode());
        assertEquals(404, get("/v1/transactions/nobody").statusCode());
    }

    @Test
    @Order(3)
    void what_is_held_waits_until_it_is_released() throws Exception {
        assertEquals(202, post("held", "1"));
        assertEquals("HELD", hold("held", "hold").get("status").asText());
        assertEquals("HELD", hold("held", "hold").get("status").asText(), "twice");
        assertEquals(202, post("beside", "1"));
        Eventually.within(SOON, () -> status("beside").equals("PROCESSED"), () -> "beside");
        assertEquals("HELD", status("held"));
        assertEquals(
                1,
                JSON.readTree(get("/v1/transactions?status=HELD").body())
                        .get("transactions")
                        .size());
        assertEquals("PROCESSING", hold("held", "release").get("status").asText());
        awaitAllFinished(SOON);
        assertEquals(
                2,
                JSON.readTree(get("/v1/transactions/held/holds").body())
                        .get("holds")
                        .size());
    }

    @Test
    @Order(3)
    void endpoints_are_told_of_what_is_kept_in_shards_and_told_again_when_somebody_asks() throws Exception {
        List<String> ids = ids("told_", 30);
        for (String id : ids) {
            assertEquals(202, post(id, "1"));
        }
        assertEquals(409, post("told_1", "2"));
        for (String type : List.of("transaction.accepted", "transaction.processed")) {
            Eventually.within(SOON, () -> told(type).containsAll(ids), () -> type + service.log());
        }
        Eventually.within(SOON, () -> told("transaction.conflicting").contains("told_1"), () -> service.log());
        Eventually.within(
                SOON, () -> servers.workers().get(0).number("SELECT count(*) FROM tellings") == 0, () -> service.log());
        HttpResponse<String> attempts = get("/v1/endpoints/hears/attempts");
        assertEquals(200, attempts.statusCode(), attempts::body);
        assertEquals(200, get("/v1/endpoints/hears/dead-letters").statusCode());
        long before = receiver.messagesWith("told_7\"").size();
        assertEquals(
                202,
                send("/v1/endpoints/hears/replays", "{\"since\": \"2020-01-01T00:00:00Z\"}")
                        .statusCode());
        Eventually.within(SOON, () -> receiver.messagesWith("told_7\"").size() > before, () -> service.log());
    }

    private static Set<String> told(String type) {
        return receiver.messagesWith("\"" + type + "\"").stream()
                .map(message -> message.body().replaceAll(".*\"transaction_id\":\"([^\"]+)\".*", "$1"))
                .collect(Collectors.toSet());
    }

    private static HttpResponse<String> send(String path, String body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        return CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
    }

    private static String status(String id) throws Exception {
        return JSON.readTree(get("/v1/transactions/" + id).body()).get("status").asText();
    }

    private static JsonNode hold(String id, String action) throws Exception {
        return JSON.readTree(send("/v1/transactions/" + id + "/" + action, "{\"reason\": \"a look\"}")
                .body());
    }

    @Test
    @Order(4)
    void events_of_providers_are_kept_with_what_brought_them_on_the_servers_that_they_belong_to() throws Exception {
        String event = """
                {"id":"evt_one","object":"event","account":"acct_1","created":1795820000,"type":"payment_intent.succeeded",\
                "data":{"object":{"id":"pi_1","object":"payment_intent","amount":9,"amount_received":150050,"currency":"usd"}}}""";
        String many = IntStream.range(0, 30)
                .mapToObj(number -> """
                        {"id":"EV-%1$d","created_at":"2026-11-27T10:00:00.000Z","resource_type":"payments","action":"confirmed",\
                        "links":{"payment":"PM-%1$d"}}""".formatted(number))
                .collect(Collectors.joining(",", "{\"events\":[", "],\"meta\":{\"webhook_id\":\"WB1\"}}"));
        for (int i = 0; i < 2; i++) { // The second time nothing is new, and nothing is kept again.
            assertEquals(200, send(STRIPE, event));
            assertEquals(200, send(GOCARDLESS, many));
        }
        awaitAllFinished(SOON);
        assertEquals(
                30,
                JSON.readTree(get("/v1/transactions?limit=100&source=" + GOCARDLESS.source())
                                .body())
                        .get("transactions")
                        .size());
        assertEquals(
                1,
                JSON.readTree(get("/v1/transactions?subject=pi_1").body())
                        .get("transactions")
                        .size());
        HttpResponse<String> raw = get("/v1/transactions/" + STRIPE.source() + ":evt_one/raw");
        assertEquals(event, raw.body());
        assertEquals(
                many,
                get("/v1/transactions/" + GOCARDLESS.source() + ":EV-17/raw").body());
        // One for each server that has some of its events.
        assertEquals(3, servers.coordinator().number("SELECT count(*) FROM requests"));
        assertEquals(
                0,
                servers.coordinator().number("SELECT count(*) FROM pg_prepared_xacts")
                        + servers.workers().get(0).number("SELECT count(*) FROM pg_prepared_xacts"));
    }

    private static int send(SchemeSender sender, String body) throws Exception {
        SchemeSender.Signed signed = sender.sign(body.getBytes(StandardCharsets.UTF_8));
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + sender.path()))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(signed.body()));
        signed.headers().forEach(request::header);
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString())
                .statusCode();
    }

    private static double metric(String series) {
        try {
            return service.manage("/q/metrics")
                    .body()
                    .lines()
                    .filter(line -> line.startsWith(series + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
                    .findFirst()
                    .orElse(Double.NaN);
        } catch (IOException | InterruptedException failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Test
    @Order(4)
    void figures_are_those_of_all_servers_and_of_what_waits_in_shards() throws Exception {
        assertEquals(0, metric("tallyhook_unposted_transactions"));
        try (var pinned = servers.workers().get(1).connect();
                var statement = pinned.createStatement()) {
            statement.execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
            statement.execute("SELECT 1");
            for (String id : ids("pins_", 200)) {
                assertEquals(202, post(id, "1"));
            }
            awaitAllFinished(SOON);
            Eventually.within(
                    SOON.multipliedBy(2),
                    () -> metric("tallyhook_xmin_age_transactions") > 50,
                    () -> "the snapshot is not seen: " + metric("tallyhook_xmin_age_transactions"));
            statement.execute("ROLLBACK");
        }
        assertEquals(SHARDS, metric("tallyhook_table_shards{table=\"transactions\"}"));
        assertTrue(metric("tallyhook_table_live_rows{table=\"transactions\"}") > 0);
        assertTrue(metric("tallyhook_xid_age_transactions") > 0);
        assertEquals(
                (double) servers.coordinator().number("SELECT count(*) FROM conflicts"),
                metric("tallyhook_conflicts_recorded"));
        assertEquals(0, metric("tallyhook_oldest_prepared_seconds"));
        try (var held = servers.coordinator().connect();
                var statement = held.createStatement()) {
            statement.execute("BEGIN; LOCK TABLE deliveries IN EXCLUSIVE MODE"); // So that it waits in its shard.
            assertEquals(202, post("waits", "1"));
            Eventually.within(
                    SOON,
                    () -> metric("tallyhook_endpoints_oldest_waiting_seconds") > 2,
                    () -> "it waits: " + metric("tallyhook_endpoints_oldest_waiting_seconds"));
            statement.execute("ROLLBACK");
        }
        Eventually.within(
                SOON,
                () -> metric("tallyhook_endpoints_oldest_waiting_seconds") < 1,
                () -> "it waits no more: " + metric("tallyhook_endpoints_oldest_waiting_seconds"));
    }

    /** A rule that somebody adds to the ledger. */
    private static void withRule(String check, Callable<Void> meanwhile) throws Exception {
        servers.coordinator().execute("ALTER TABLE transactions ADD CONSTRAINT added CHECK (" + check + ") NOT VALID");
        try {
            meanwhile.call();
        } finally {
            servers.coordinator().execute("ALTER TABLE transactions DROP CONSTRAINT added");
        }
    }

    @Test
    @Order(4)
    void rows_that_a_shard_refuses_to_have_finished_keep_no_others() throws Exception {
        int refused = 3;
        withRule("status <> 'PROCESSED' OR amount <> 666", () -> {
            for (String id : ids("refused_", refused)) {
                assertEquals(202, post(id, "666"));
            }
            for (String id : ids("not_refused_", 40)) {
                assertEquals(202, post(id, "1"));
            }
            Eventually.within(
                    SOON,
                    () -> servers.coordinator().number("SELECT count(*) FROM transactions WHERE status <> 'PROCESSED'")
                            == refused,
                    () -> service.log());
            Eventually.within(SOON, () -> metric("tallyhook_transactions_stuck") == refused, () -> service.log());
            Thread.sleep(12_000); // As long as it takes until a poller that fails, or a sweep, makes the probe say so.
            assertEquals(200, service.probe());
            assertEquals(
                    refused,
                    service.log()
                            .lines()
                            .filter(line -> line.contains("cannot be finished; others are"))
                            .count(),
                    () -> service.log());
            return null;
        });
        awaitAllFinished(Duration.ofMinutes(2));
        Eventually.within(SOON, () -> metric("tallyhook_transactions_stuck") == 0, () -> service.log());
    }

    @Test
    @Order(4)
    void where_all_shards_refuse_every_row_the_probe_says_so_even_if_only_sweeps_meet_them() throws Exception {
        withRule("status <> 'PROCESSED'", () -> {
            servers.coordinator()
                    .execute("INSERT INTO transactions (transaction_id, source_account, destination_account, amount,"
                            + " currency, due_at) SELECT 'overdue_' || i, 'a', 'b', 1, 'INR', now() - interval '1 minute'"
                            + " FROM generate_series(1, 20) AS i");
            Eventually.within(SOON.multipliedBy(2), () -> service.probe() == 503, () -> service.log());
            return null;
        });
        awaitAllFinished(SOON);
        Eventually.within(SOON, () -> service.probe() == 200, () -> service.log());
    }

    @Test
    @Order(4)
    void where_one_server_refuses_every_row_and_the_others_have_nothing_to_finish_the_probe_stays_well()
            throws Exception {
        CitusServers.Server refusing = servers.workers().get(0);
        ShardMap map = map();
        List<Shard> its = map.shards().stream()
                .filter(shard -> shard.node().port() == refusing.port())
                .toList();
        List<String> due = ids("there_", 40).stream()
                .filter(id -> its.contains(map.shardOf(id)))
                .toList();
        try {
            for (Shard shard : its) {
                onShard(refusing, shard, "ADD CONSTRAINT added CHECK (status <> 'PROCESSED') NOT VALID");
            }
            for (String id : due) {
                assertEquals(202, post(id, "1"));
            }
            Eventually.within(
                    SOON, () -> service.log().contains("violates check constraint \\\"added"), () -> service.log());
            Thread.sleep(15_000); // Longer than refusals may go on.
            assertEquals(200, service.probe());
        } finally {
            for (Shard shard : its) {
                onShard(refusing, shard, "DROP CONSTRAINT IF EXISTS added");
            }
        }
        awaitAllFinished(SOON);
    }

    private static List<String> ids(String prefix, int count, Predicate<Shard> where) throws SQLException {
        ShardMap map = map();
        return Stream.iterate(1, i -> i + 1)
                .map(i -> prefix + i)
                .filter(id -> where.test(map.shardOf(id)))
                .limit(count)
                .toList();
    }

    @Test
    @Order(4)
    void a_shard_that_refuses_every_row_keeps_none_of_its_servers_others_and_is_told() throws Exception {
        CitusServers.Server server = servers.workers().get(0);
        Shard refusing = map().shards().stream()
                .filter(shard -> shard.node().port() == server.port())
                .findFirst()
                .orElseThrow();
        List<String> refused = ids("all_refused_", 20, refusing::equals);
        List<String> others =
                ids("beside_", 200, shard -> shard.node().port() == server.port() && !shard.equals(refusing));
        double polls = metric("tallyhook_poller_failures_total");
        double sweeps = metric("tallyhook_sweep_failures_total");
        int lines = service.log().length();
        onShard(server, refusing, "ADD CONSTRAINT added CHECK (status <> 'PROCESSED') NOT VALID");
        try {
            for (int i = 0; i < others.size(); i++) {
                if (i % 10 == 0) {
                    assertEquals(202, post(refused.get(i / 10), "1"));
                }
                assertEquals(202, post(others.get(i), "1"));
                Thread.sleep(50);
            }
            Eventually.within(
                    SOON,
                    () -> others.stream().allMatch(CitusIT::isFinished),
                    () -> "the others are not finished:\n" + service.log());
            assertTrue(refused.stream().noneMatch(CitusIT::isFinished));
            assertTrue(metric("tallyhook_poller_failures_total") - polls > 5, "while load lasts");
            Eventually.within(
                    SOON,
                    () -> metric("tallyhook_sweep_failures_total") - sweeps > 5,
                    () -> "sweeps do not fail: " + service.log().substring(lines));
            assertTrue(service.log().substring(lines).lines().count() < 20, () -> service.log()
                    .substring(lines));
        } finally {
            onShard(server, refusing, "DROP CONSTRAINT IF EXISTS added");
        }
        awaitAllFinished(SOON);
    }

    private static boolean isFinished(String id) {
        try {
            return get("/v1/transactions/" + id).body().contains("\"PROCESSED\"");
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** Garbage in a page of one shard that is full, so that no new row goes there, until the server has it back. */
    @Test
    @Order(4)
    void what_cannot_be_read_in_one_shard_keeps_nothing_else_and_is_told() throws Exception {
        CitusServers.Server server = servers.workers().get(0);
        Shard damaged = map().shards().stream()
                .filter(shard -> shard.node().port() == server.port())
                .findFirst()
                .orElseThrow();
        String table = "transactions_" + damaged.number();
        List<String> lost = ids("lost_", 300, damaged::equals);
        String dueAt = servers.coordinator().text("SELECT now() + interval '20 seconds'");
        servers.coordinator()
                .execute("INSERT INTO transactions (transaction_id, source_account, destination_account, amount,"
                        + " currency, due_at) SELECT id, 'a', 'b', 1, 'INR', '" + dueAt
                        + "'::timestamptz FROM unnest('{"
                        + String.join(",", lost) + "}'::text[]) AS id");
        long page = server.number(
                "SELECT min((ctid::text::point)[0]) FROM " + table + " WHERE transaction_id LIKE 'lost%'");
        Path file = server.file(table);
        server.execute("CHECKPOINT");
        byte[] before = server.crashAndOverwrite(file, page, GARBAGE);
        try {
            assertThrows(SQLException.class, () -> server.number("SELECT count(*) FROM " + table));
            String first = ids("after_", 1, damaged::equals).get(0);
            Eventually.within(SOON, () -> post(first, "1") == 202, () -> service.log());
            Eventually.within(
                    SOON.multipliedBy(2),
                    () -> servers.coordinator().number("SELECT count(*) WHERE now() > '" + dueAt + "'::timestamptz")
                            == 1,
                    () -> "what is lost is not due");
            double sweeps = metric("tallyhook_sweep_failures_total");
            int lines = service.log().length();
            Eventually.within(
                    SOON.multipliedBy(3), // It rests for half a minute.
                    () -> metric("tallyhook_sweep_failures_total") > sweeps
                            && service.log().substring(lines).contains("invalid page"),
                    () -> "no sweep has failed: " + service.log());
            List<String> later = Stream.concat(
                            ids("later_", 20, damaged::equals).stream(), ids("later_beside_", 40).stream())
                    .toList();
            for (String id : later) {
                assertEquals(202, post(id, "1"));
            }
            Eventually.within(
                    SOON,
                    () -> later.stream().allMatch(CitusIT::isFinished),
                    () -> "not all is finished:\n" + service.log());
        } finally {
            server.crashAndOverwrite(file, page, before);
        }
        awaitAllFinished(Duration.ofMinutes(2));
        assertAllAcceptedIsThere();
    }

    private static void onShard(CitusServers.Server server, Shard shard, String change) throws SQLException {
        server.execute("SET citus.enable_manual_changes_to_shards = on; ALTER TABLE transactions_" + shard.number()
                + " " + change);
    }

    @Test
    @Order(5)
    void while_one_worker_is_away_the_others_shards_go_on_and_its_own_are_finished_when_it_is_back() throws Exception {
        ShardMap map = map();
        CitusServers.Server away = servers.workers().get(0);
        List<String> due = ids("due_", 40);
        for (String id : due) {
            assertEquals(202, post(id, "1"));
        }
        away.crash();
        int refused = 0;
        for (String id : ids("meanwhile_", 60)) {
            boolean isThere = map.shardOf(id).node().port() == away.port();
            int status = post(id, "1");
            assertEquals(isThere ? 503 : 202, status, id);
            refused += isThere ? 1 : 0;
        }
        assertTrue(refused > 0 && refused < 60);
        assertEquals(200, service.probe(), "what it can take is taken");
        Eventually.within(
                SOON.multipliedBy(2),
                () -> Double.isNaN(metric("tallyhook_table_live_rows{table=\"transactions\"}"))
                        && metric("tallyhook_xid_age_transactions") > 0,
                () -> "the rows of the others are shown as all, or the worst of them is not told");
        away.start();
        awaitAllFinished(FINISHED_AFTER_RETURN_MAX);
        for (String id : ids("meanwhile_", 60)) {
            Eventually.within(SOON, () -> post(id, "1") == 202, () -> id);
        }
        awaitAllFinished(SOON);
        assertAllAcceptedIsThere();
    }

    private static ShardMap map() throws SQLException {
        try (var connection = servers.coordinator().connect()) {
            return Distribution.shards(connection).orElseThrow();
        }
    }

    @Test
    @Order(6)
    void shards_move_to_a_server_that_is_added_while_webhooks_come_in() throws Exception {
        CitusServers.Server added = servers.newServer();
        servers.join(added);
        var moving = new Thread(() -> {
            try {
                servers.coordinator()
                        .execute(
                                "SELECT rebalance_table_shards('transactions', shard_transfer_mode => 'force_logical')");
            } catch (SQLException failure) {
                throw new IllegalStateException(failure);
            }
        });
        moving.start();
        var refused = new AtomicInteger();
        var sent = new AtomicInteger();
        List<Thread> senders = IntStream.range(0, 8)
                .mapToObj(sender -> new Thread(() -> sendWhile(moving, sent, refused)))
                .toList();
        senders.forEach(Thread::start);
        for (Thread sender : senders) {
            sender.join();
        }
        moving.join();
        assertTrue(
                servers.coordinator()
                                .number(
                                        "SELECT count(*) FROM citus_shards WHERE table_name = 'transactions'::regclass AND nodeport = "
                                                + added.port())
                        > 0,
                "nothing has moved");
        Eventually.within(SOON, () -> service.log().contains("Shards have moved"), () -> service.log());
        System.out.printf("citus: %d webhooks while shards moved, %d answers 503%n", sent.get(), refused.get());
        for (String id : ids("moved_", 40)) {
            assertEquals(202, post(id, "1"));
        }
        awaitAllFinished(SOON);
        assertAllAcceptedIsThere();
    }

    /** So many at once that groups have several shards. */
    private static void sendWhile(Thread moving, AtomicInteger sent, AtomicInteger refused) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        try {
            while (moving.isAlive() && System.nanoTime() < end) {
                String id = "moving_" + sent.getAndIncrement();
                while (post(id, "1") != 202 && System.nanoTime() < end) {
                    refused.incrementAndGet();
                }
            }
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Test
    @Order(7)
    void every_202_is_there_after_all_servers_have_crashed_at_once() throws Exception {
        for (String id : ids("crash_", 60)) {
            assertEquals(202, post(id, "1"));
        }
        for (CitusServers.Server server : servers.all()) {
            server.crash();
        }
        for (CitusServers.Server server : servers.all()) {
            server.start();
        }
        awaitAllFinished(FINISHED_AFTER_RETURN_MAX.multipliedBy(2));
        assertAllAcceptedIsThere();
        assertEquals(
                0,
                service.log().lines().filter(line -> line.startsWith("\tat ")).count(),
                () -> service.log());
    }
}
