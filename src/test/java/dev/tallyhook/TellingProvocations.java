package dev.tallyhook;

import static dev.tallyhook.Provocations.ENDPOINTS;
import static dev.tallyhook.Provocations.JSON;
import static dev.tallyhook.Provocations.NO_ENDPOINT;

import dev.tallyhook.DocumentedService.Exchange;
import java.util.List;

/** What brings about the answers of what endpoints were told and are to be told again. */
final class TellingProvocations {

    private static final String DAY = "{\"since\":\"2025-10-29T00:00:00Z\",\"until\":\"2025-10-30T00:00:00Z\"}";

    private final Provocations all;
    private final DocumentedService service;
    private final DatabaseTrouble trouble;

    TellingProvocations(Provocations all, DocumentedService service, DatabaseTrouble trouble) {
        this.all = all;
        this.service = service;
        this.trouble = trouble;
    }

    void add() {
        tests();
        lists();
        replays();
        wrongReplays();
        endedReplays();
    }

    private void tests() {
        all.changes("testEndpoint", "POST", "/ep_none/test", JSON);
        all.when("testEndpoint 404 not_found", () -> all.write("POST", NO_ENDPOINT + "/test", ""));
        all.when("testEndpoint 409 no_key", () -> {
            trouble.run("INSERT INTO endpoints (endpoint_id, url, events, signature, sealed_secrets)"
                    + " VALUES ('sealed', 'https://example.com/', '{transaction.processed}', 'v1', '')");
            return all.write("POST", ENDPOINTS + "/sealed/test", "");
        });
    }

    private void lists() {
        for (String list : List.of("listAttempts attempts", "listDeadLetters dead-letters", "listReplays replays")) {
            String operation = list.split(" ", -1)[0];
            String behind = "/" + list.split(" ", -1)[1];
            all.reads(operation, NO_ENDPOINT + behind, "endpoints");
            all.when(operation + " 404 not_found", () -> service.get(NO_ENDPOINT + behind));
            all.when(operation + " 422 rules", () -> service.get(all.madePath() + behind + "?limit=0"));
            all.when(operation + " 422 unknown", () -> service.get(all.madePath() + behind + "?status=PAUSED"));
            if (!operation.equals("listAttempts")) {
                all.when(
                        operation + " 400 wrong_cursor",
                        () -> service.get(all.madePath() + behind + "?cursor=bm9uZSBvZiBvdXJz"));
            }
        }
        all.when("listAttempts 200 failed", () -> {
            String path = all.madePath();
            trouble.run("INSERT INTO attempts (endpoint_id, at, event, id, outcome, status, took_millis)"
                    + " SELECT endpoint_id, now(), 'p', 'txn_abc123def456', 'REFUSED', 500, 41 FROM endpoints");
            return service.get(path + "/attempts");
        });
        all.when("listDeadLetters 200 one", () -> {
            String path = all.madePath();
            giveOneUp();
            return service.get(path + "/dead-letters");
        });
        all.when("listReplays 200 one", () -> service.get(ended("DONE").replaceFirst("/[0-9]+$", "")));
    }

    private void giveOneUp() {
        trouble.run("INSERT INTO dead_letters (endpoint_id, event, id, attempts, first_failed_at, outcome)"
                + " SELECT endpoint_id, 'p', 'txn_abc123def456', 10, now(), 'TIMED_OUT' FROM endpoints");
    }

    private void replays() {
        String none = NO_ENDPOINT + "/replays";
        all.when("startReplay 401 no_token", () -> service.command("POST", none, "none", JSON, DAY));
        all.when(
                "startReplay 403 may_only_read",
                () -> service.command("POST", none, DocumentedService.TOKEN, JSON, DAY));
        all.when("startReplay 404 not_found", () -> all.write("POST", none, DAY));
        all.when("startReplay 410 gone", () -> {
            all.gone();
            return start("{\"transaction_id\":\"txn_gone\"}");
        });
        all.when("startReplay 404 sent_again", () -> start("{\"dead_letter_id\":17}"));
        all.when(
                "startReplay 500 failed", () -> trouble.whileNonsense("endpoints", () -> all.write("POST", none, DAY)));
        all.when(
                "startReplay 503 database_away",
                () -> trouble.whileLocked("endpoints", () -> all.write("POST", none, DAY)));
        all.when("startReplay 202 running", () -> start(DAY));
        all.when("startReplay 200 counted", () -> {
            String path = all.madePath();
            giveOneUp();
            return all.write("POST", path + "/replays", "{\"failed\":true,\"dry_run\":true}");
        });
        all.when("startReplay 409 not_finished", () -> {
            String path = all.madePath();
            service.post(all.usual());
            return all.write("POST", path + "/replays", "{\"transaction_id\":\"txn_abc123def456\"}");
        });
    }

    private void wrongReplays() {
        all.when("startReplay 400 not_json", () -> start("{"));
        all.when("startReplay 413 too_large", () -> start("{\"note\":\"" + "a".repeat(4_096) + "\"}"));
        all.when(
                "startReplay 415 another_type",
                () -> service.command(
                        "POST", all.madePath() + "/replays", DocumentedService.WRITE_TOKEN, "text/plain", DAY));
        all.when("startReplay 422 rules", () -> start("{}"));
    }

    private Exchange start(String body) {
        return all.write("POST", all.madePath() + "/replays", body);
    }

    private void endedReplays() {
        all.reads("getReplay", NO_ENDPOINT + "/replays/1", "endpoints");
        all.when("getReplay 200 done", () -> service.get(ended("DONE")));
        all.when("getReplay 404 not_found", () -> service.get(all.madePath() + "/replays/1"));
        all.changes("cancelReplay", "DELETE", "/ep_none/replays/1", JSON);
        all.when("cancelReplay 200 cancelled", () -> all.write("DELETE", ended("CANCELLED"), ""));
        all.when("cancelReplay 404 not_found", () -> all.write("DELETE", all.madePath() + "/replays/1", ""));
    }

    /** One of a day, all of it or none of it; and its path. */
    private String ended(String state) {
        String path = all.madePath();
        trouble.run(
                ("INSERT INTO replays (replay_id, endpoint_id, what, since, until, reached, state, queued, done_at, by)"
                                + " OVERRIDING SYSTEM VALUE"
                                + " SELECT 1000000017, endpoint_id, 'SINCE', '2025-10-29Z', '2025-10-30Z', CASE '%1$s' WHEN 'DONE' THEN '2025-10-30Z'"
                                + " ELSE '2025-10-29Z' END::timestamptz, '%1$s', CASE '%1$s' WHEN 'DONE' THEN 17 ELSE 0 END, now(), '5b7a98e3f61c'"
                                + " FROM endpoints")
                        .formatted(state));
        return path + "/replays/1000000017";
    }
}
