package dev.tallyhook;

import static dev.tallyhook.OpenApiDocument.parse;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallyhook.DocumentedService.Exchange;
import dev.tallyhook.OpenApiDocument.Answer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.awaitility.Awaitility;

/** What brings about each answer that is documented: the request, and the state of the ledger and the database before it. */
final class Provocations {

    /** Answers that this process cannot be brought to give, and the test that sees them. */
    static final Map<Answer, String> ELSEWHERE = elsewhere();

    private static Map<Answer, String> elsewhere() {
        Map<Answer, String> tests = new HashMap<>();
        for (String operation : List.of(
                "receiveWebhook",
                "receiveEvent",
                "holdTransaction",
                "releaseTransaction",
                "makeEndpoint",
                "changeEndpoint",
                "rotateSecret",
                "startReplay")) {
            tests.put(Answer.named(operation + " 408 too_slow"), "dev.tallyhook.packaged.SlowSendersIT");
        }
        tests.put(Answer.named("testEndpoint 200 delivered"), "dev.tallyhook.delivery.TestMessageTest");
        tests.put(Answer.named("testEndpoint 429 too_soon"), "dev.tallyhook.delivery.TestTurnsTest");
        return tests;
    }

    static final String JSON = "application/json";
    private static final String MERGE_PATCH = "application/merge-patch+json";

    static final String ENDPOINTS = "/v1/endpoints";
    static final String NO_ENDPOINT = ENDPOINTS + "/ep_none";

    private static final String HOLDS = "/v1/transactions/txn_abc123def456/holds";

    private static final String EVENT = "/v1/transactions/shop%3Aevt_1SNqzr2eZvKYlo2C";
    private static final String RAW = EVENT + "/raw";

    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final OpenApiDocument document;
    private final DocumentedService service;
    private final DatabaseTrouble trouble;
    private final Map<Answer, Supplier<Exchange>> all = new TreeMap<>();

    Provocations(OpenApiDocument document, DocumentedService service, DatabaseTrouble trouble) {
        this.document = document;
        this.service = service;
        this.trouble = trouble;
        probes();
        webhooks();
        unreadableWebhooks();
        invalidWebhooks();
        webhooksInTrouble();
        events();
        eventsInTrouble();
        rawEvents();
        reads("getTransaction", "/v1/transactions/txn_1", "transactions");
        transactions();
        commands("hold", "held");
        commands("release", "released");
        reads("listHolds", HOLDS, "holds");
        holds();
        reads("listTransactions", "/v1/transactions", "transactions");
        transactionPages();
        reads("listConflicts", "/v1/conflicts", "conflicts");
        conflictPages();
        reads("getActivity", "/v1/activity", "activity");
        activity();
        reads("listSources", "/v1/sources", "source_activity");
        sources();
        reads("listEndpoints", ENDPOINTS, "endpoints");
        reads("getEndpoint", NO_ENDPOINT, "endpoints");
        endpoints();
        changes("makeEndpoint", "POST", "", JSON);
        changes("changeEndpoint", "PATCH", "/ep_none", MERGE_PATCH);
        changes("removeEndpoint", "DELETE", "/ep_none", JSON);
        changes("rotateSecret", "POST", "/ep_none/secret/rotate", JSON);
        new TellingProvocations(this, service, trouble).add();
    }

    Map<Answer, Supplier<Exchange>> all() {
        return all;
    }

    void when(String answer, Supplier<Exchange> provocation) {
        all.put(Answer.named(answer), provocation);
    }

    private void probes() {
        when("getHealth 200 healthy", () -> probedUntil(200));
        when("getHealth 503 unhealthy", () -> trouble.whileReadOnly(() -> probedUntil(503)));
    }

    /** An answer is news for 250 ms. */
    private Exchange probedUntil(int status) {
        return Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> service.getWithoutToken("/"), answer -> answer.status() == status);
    }

    private void webhooks() {
        when("receiveWebhook 202 accepted", () -> service.post(usual()));
        when("receiveWebhook 401 not_signed", () -> service.postUnsigned(usual()));
        when("receiveWebhook 409 other_content", () -> {
            stored(usual());
            return service.post(usual().replace("1500.75", "1500.76"));
        });
        when("receiveWebhook 413 too_large", () -> service.post("{\"note\":\"" + "a".repeat(65_536) + "\"}"));
        when(
                "receiveWebhook 415 another_type",
                () -> service.post(usual().getBytes(StandardCharsets.UTF_8), "text/plain"));
    }

    private void unreadableWebhooks() {
        when("receiveWebhook 400 not_json", () -> service.post("{\"transaction_id\":\"txn_1\",\"amount\":1500.}"));
        when("receiveWebhook 400 not_an_object", () -> service.post("[]"));
        when("receiveWebhook 400 member_twice", () -> service.post("{\"amount\":1,\"amount\":2}"));
        when("receiveWebhook 400 not_utf8", () -> service.post(new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'}));
        when(
                "receiveWebhook 400 beyond_limits",
                () -> service.post("{\"note\":" + "[".repeat(32) + "]".repeat(32) + "}"));
    }

    private void invalidWebhooks() {
        when(
                "receiveWebhook 422 several",
                () -> service.post(usual().replace("txn_abc123def456", "")
                        .replace("destination_account", "destination")
                        .replace("1500.75", "0")));
        when("receiveWebhook 422 too_long", () -> service.post(usual().replace("txn_abc123def456", "a".repeat(256))));
        when("receiveWebhook 422 amount_is_text", () -> service.post(usual().replace("1500.75", "\"1500.75\"")));
        when("receiveWebhook 422 too_many_decimals", () -> service.post(usual().replace("1500.75", "1500.755")));
        when("receiveWebhook 422 no_such_currency", () -> service.post(usual().replace("INR", "INX")));
    }

    private void webhooksInTrouble() {
        when("receiveWebhook 500 failed", () -> trouble.whileRefused(() -> service.post(usual())));
        when(
                "receiveWebhook 503 database_away",
                () -> trouble.whileLocked("transactions", () -> service.post(usual())));
        when("receiveWebhook 503 database_slow", () -> trouble.whileSlow(() -> service.post(usual())));
        when("receiveWebhook 503 intake_full", () -> full(() -> service.post(Webhooks.body(Webhooks.newId()))));
    }

    /** What one is answered of many that come at once. */
    private Exchange full(Supplier<Exchange> post) {
        return trouble.whileSlow(() -> DocumentedService.atOnce(Collections.nCopies(8, post)).stream()
                .filter(answer -> answer.body().contains("full"))
                .findFirst()
                .orElseThrow());
    }

    private void events() {
        when("receiveEvent 200 accepted", () -> service.postEvent(payment()));
        when("receiveEvent 401 not_signed", () -> service.postEventUnsigned(payment()));
        when("receiveEvent 404 no_source", () -> service.postEvent("/v1/webhooks/nobody", payment()));
        when("receiveEvent 413 too_large", () -> service.postEvent("{\"note\":\"" + "a".repeat(65_536) + "\"}"));
        when("getTransaction 200 event", () -> {
            storedEvent(payment());
            return service.get(EVENT);
        });
        when("getTransaction 200 unmapped", () -> {
            storedEvent(document.requestBodies("receiveEvent").get("unknown_type"));
            return service.get("/v1/transactions/shop%3Aevt_1SNr2e2eZvKYlo2C");
        });
    }

    private void eventsInTrouble() {
        when("receiveEvent 500 failed", () -> trouble.whileRefused(() -> service.postEvent(payment())));
        when(
                "receiveEvent 503 database_away",
                () -> trouble.whileLocked("transactions", () -> service.postEvent(payment())));
        when("receiveEvent 503 database_slow", () -> trouble.whileSlow(() -> service.postEvent(payment())));
        when(
                "receiveEvent 503 intake_full",
                () -> full(() -> service.postEvent(payment().replace("evt_", Webhooks.newId()))));
    }

    private void rawEvents() {
        when("getRawEvent 200 payment", () -> {
            storedEvent(payment());
            return service.get(RAW, DocumentedService.RAW_TOKEN);
        });
        when("getRawEvent 403 may_only_read", () -> service.get(RAW));
        when(
                "getRawEvent 404 not_found",
                () -> service.get("/v1/transactions/txn_unknown/raw", DocumentedService.RAW_TOKEN));
        when("getRawEvent 410 gone", () -> service.get(gone() + "/raw", DocumentedService.RAW_TOKEN));
        reads("getRawEvent", RAW, DocumentedService.RAW_TOKEN, "requests");
    }

    /** What all that read have in common. */
    void reads(String operation, String path, String table) {
        reads(operation, path, DocumentedService.TOKEN, table);
    }

    private void reads(String operation, String path, String token, String table) {
        when(operation + " 401 no_token", () -> service.getWithoutToken(path));
        when(operation + " 500 failed", () -> trouble.whileNonsense(table, () -> failed(path, token)));
        when(operation + " 503 database_away", () -> trouble.whileLocked(table, () -> failed(path, token)));
    }

    /** An answer may be the one of half a second ago. */
    private Exchange failed(String path, String token) {
        return Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> service.get(path, token), answer -> answer.status() >= 500);
    }

    private void transactions() {
        String path = "/v1/transactions/txn_abc123def456";
        when("getTransaction 200 processing", () -> {
            stored(usual());
            return service.get(path);
        });
        when("getTransaction 200 processed", () -> {
            stored(usual());
            return finished();
        });
        when("getTransaction 404 not_found", () -> service.get("/v1/transactions/txn_unknown"));
        when("getTransaction 410 gone", () -> service.get(gone()));
    }

    /** The path of a transaction that is. */
    String gone() {
        trouble.run("INSERT INTO gone VALUES ('txn_gone', NULL, '2025-10-29T10:30:00Z') ON CONFLICT DO NOTHING");
        return "/v1/transactions/txn_gone";
    }

    private void commands(String action, String done) {
        String answer = action + "Transaction ";
        String path = "/v1/transactions/txn_abc123def456/" + action;
        when(answer + "200 " + done, () -> {
            stored(usual());
            return command(path, "{}");
        });
        when(answer + "400 not_json", () -> command(path, "{"));
        when(answer + "401 no_token", () -> service.command(path, "none", JSON, "{}"));
        when(answer + "403 may_only_read", () -> service.command(path, DocumentedService.TOKEN, JSON, "{}"));
        when(answer + "404 not_found", () -> command("/v1/transactions/txn_unknown/" + action, "{}"));
        when(answer + "410 gone", () -> command(gone() + '/' + action, "{}"));
        when(answer + "409 finished", () -> {
            stored(usual());
            finished();
            return command(path, "{}");
        });
        when(answer + "413 too_large", () -> command(path, "{\"note\":\"" + "a".repeat(4_096) + "\"}"));
        when(
                answer + "415 another_type",
                () -> service.command(path, DocumentedService.HOLD_TOKEN, "text/plain", "{}"));
        when(answer + "422 too_long", () -> command(path, "{\"reason\":\"" + "a".repeat(256) + "\"}"));
        when(answer + "500 failed", () -> trouble.whileNonsense("transactions", () -> command(path, "{}")));
        when(answer + "503 database_away", () -> trouble.whileLocked("transactions", () -> command(path, "{}")));
    }

    private Exchange command(String path, String body) {
        return service.command(path, DocumentedService.HOLD_TOKEN, JSON, body);
    }

    private void holds() {
        when("listHolds 200 held", () -> {
            stored(usual());
            command("/v1/transactions/txn_abc123def456/hold", "{\"reason\":\"asked for by the bank\"}");
            return service.get(HOLDS);
        });
        when("listHolds 404 not_found", () -> service.get("/v1/transactions/%00/holds"));
    }

    private void transactionPages() {
        when("listTransactions 200 first_page", this::firstPage);
        when("listTransactions 200 last_page", () -> {
            String next = parse(firstPage().body()).get("next_cursor").asText();
            finished();
            return service.get("/v1/transactions?limit=1&cursor=" + next);
        });
        when("listTransactions 400 wrong_cursor", () -> service.get("/v1/transactions?cursor=bm9uZSBvZiBvdXJz"));
        when(
                "listTransactions 422 rules",
                () -> service.get("/v1/transactions?status=DONE&created_from=2025-10-29&limit=501"));
        when("listTransactions 422 twice", () -> service.get("/v1/transactions?status=PROCESSING&status=PROCESSED"));
        when("listTransactions 422 unknown", () -> service.get("/v1/transactions?acount=acc_user_789"));
    }

    /** What was provoked before may have left the database busy, and a sender whose webhook was not confirmed in time sends it again. */
    private void stored(String body) {
        Awaitility.await().until(() -> service.post(body).status() == 202);
    }

    private void storedEvent(String body) {
        Awaitility.await().until(() -> service.postEvent(body).status() == 200);
    }

    private Exchange firstPage() {
        stored(usual());
        stored(document.requestBodies("receiveWebhook").get("without_decimals"));
        return service.get("/v1/transactions?limit=1");
    }

    private void conflictPages() {
        when("listConflicts 200 last_page", () -> {
            stored(usual());
            service.post(usual().replace("1500.75", "1500.76"));
            return service.get("/v1/conflicts");
        });
        when("listConflicts 400 wrong_cursor", () -> service.get("/v1/conflicts?cursor=bm9uZSBvZiBvdXJz"));
        when("listConflicts 422 rules", () -> service.get("/v1/conflicts?limit=0"));
        when("listConflicts 422 unknown", () -> service.get("/v1/conflicts?status=PROCESSED"));
    }

    private void activity() {
        when("getActivity 200 busy", () -> {
            stored(usual());
            finished();
            return Awaitility.await()
                    .atMost(PATIENCE)
                    .until(
                            () -> service.get("/v1/activity"),
                            answer -> parse(answer.body()).findValues("lateness_p50_seconds").stream()
                                    .anyMatch(JsonNode::isNumber));
        });
        when("getActivity 422 rules", () -> service.get("/v1/activity?since=yesterday"));
        when("getActivity 422 unknown", () -> service.get("/v1/activity?limit=10"));
    }

    private void sources() {
        when("listSources 200 one", () -> {
            storedEvent(payment());
            return Awaitility.await()
                    .atMost(PATIENCE)
                    .until(
                            () -> service.get("/v1/sources"),
                            answer -> parse(answer.body())
                                            .at("/sources/0/accepted")
                                            .asInt()
                                    > 0);
        });
        when("listSources 422 unknown", () -> service.get("/v1/sources?limit=10"));
    }

    private void endpoints() {
        when("makeEndpoint 201 made", this::made);
        when("makeEndpoint 409 too_many", () -> {
            trouble.run(
                    "INSERT INTO endpoints (endpoint_id, url, events, signature, sealed_secrets)"
                            + " SELECT n, 'https://example.com/', '{transaction.processed}', 'v1', '' FROM generate_series(1, 1000) AS n");
            return made();
        });
        when(
                "makeEndpoint 422 rules",
                () -> write(
                        "POST", ENDPOINTS, "{\"surces\":[\"a\"],\"url\":\"ftp://example.com\",\"events\":[\"paid\"]}"));
        when("makeEndpoint 422 missing", () -> write("POST", ENDPOINTS, "{}"));
        when("listEndpoints 200 one", () -> {
            made();
            return service.get(ENDPOINTS);
        });
        when("listEndpoints 400 wrong_cursor", () -> service.get(ENDPOINTS + "?cursor=bm9uZSBvZiBvdXJz"));
        when("listEndpoints 422 rules", () -> service.get(ENDPOINTS + "?limit=0"));
        when("listEndpoints 422 unknown", () -> service.get(ENDPOINTS + "?status=PAUSED"));
        when("getEndpoint 200 enabled", () -> service.get(madePath()));
        when("getEndpoint 404 not_found", () -> service.get(NO_ENDPOINT));
        when("changeEndpoint 200 paused", () -> write("PATCH", madePath(), "{\"state\":\"PAUSED\"}"));
        when("changeEndpoint 422 rules", () -> write("PATCH", madePath(), "{\"state\":\"GONE\",\"events\":[]}"));
        when("removeEndpoint 204 nothing", () -> write("DELETE", madePath(), ""));
        when("rotateSecret 200 secret", () -> write("POST", madePath() + "/secret/rotate", "{\"overlap\":\"PT48H\"}"));
        when("rotateSecret 409 cannot_open", () -> {
            String path = madePath() + "/secret/rotate";
            trouble.run("UPDATE endpoints SET sealed_secrets = '\\x00'");
            return write("POST", path, "{}");
        });
        when("rotateSecret 422 rules", () -> write("POST", madePath() + "/secret/rotate", "{\"overlap\":\"P8D\"}"));
        for (String operation :
                List.of("changeEndpoint PATCH ", "removeEndpoint DELETE ", "rotateSecret POST /secret/rotate")) {
            String[] parts = operation.split(" ", -1);
            when(parts[0] + " 404 not_found", () -> write(parts[1], NO_ENDPOINT + parts[2], "{}"));
            when(parts[0] + " 409 configured", () -> {
                trouble.run("INSERT INTO endpoints (endpoint_id, url, events, signature, configured_at)"
                        + " VALUES ('shop', 'https://example.com/', '{transaction.processed}', 'v1', now())");
                return write(
                        parts[1],
                        ENDPOINTS + "/shop" + parts[2],
                        parts[2].isEmpty() ? "{\"url\":\"https://example.org/\"}" : "{}");
            });
        }
    }

    private Exchange made() {
        return write("POST", ENDPOINTS, document.requestBodies("makeEndpoint").get("usual"));
    }

    String madePath() {
        return ENDPOINTS + "/" + parse(made().body()).get("endpoint_id").asText();
    }

    Exchange write(String method, String path, String body) {
        return service.command(
                method, path, DocumentedService.WRITE_TOKEN, method.equals("PATCH") ? MERGE_PATCH : JSON, body);
    }

    /** What all that change endpoints have in common. */
    void changes(String operation, String method, String behind, String type) {
        String path = ENDPOINTS + behind;
        String body = document.answers().contains(Answer.named(operation + " 413 too_large"))
                ? document.requestBodies(operation).values().iterator().next()
                : "";
        when(operation + " 401 no_token", () -> service.command(method, path, "none", type, body));
        when(
                operation + " 403 may_only_read",
                () -> service.command(method, path, DocumentedService.TOKEN, type, body));
        when(operation + " 500 failed", () -> trouble.whileNonsense("endpoints", () -> write(method, path, body)));
        when(operation + " 503 database_away", () -> trouble.whileLocked("endpoints", () -> write(method, path, body)));
        if (!body.isEmpty()) {
            when(operation + " 400 not_json", () -> write(method, path, "{"));
            when(operation + " 413 too_large", () -> write(method, path, "{\"note\":\"" + "a".repeat(262_144) + "\"}"));
            when(
                    operation + " 415 another_type",
                    () -> service.command(method, path, DocumentedService.WRITE_TOKEN, "text/plain", body));
        }
    }

    /** It becomes due at once, and the sweep finds it. */
    private Exchange finished() {
        trouble.run("UPDATE transactions SET due_at = clock_timestamp()"
                + " WHERE transaction_id = 'txn_abc123def456' AND status = 'PROCESSING'");
        return Awaitility.await()
                .atMost(PATIENCE)
                .until(
                        () -> service.get("/v1/transactions/txn_abc123def456"),
                        answer -> parse(answer.body()).path("status").asText().equals("PROCESSED"));
    }

    String usual() {
        return document.requestBodies("receiveWebhook").get("usual");
    }

    private String payment() {
        return document.requestBodies("receiveEvent").get("payment");
    }
}
