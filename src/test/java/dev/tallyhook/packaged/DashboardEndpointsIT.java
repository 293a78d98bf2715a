package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.tallyhook.Chromium;
import dev.tallyhook.Webhooks;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** What operators see of endpoints, and do about them. */
class DashboardEndpointsIT {

    private static final String READER = "a-token-of-the-reader";
    private static final String WRITER = "a-token-of-the-writer";
    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final JsonMapper JSON = new JsonMapper();

    @AutoClose
    private static DatabaseServer database;

    @AutoClose
    private static Service service;

    @AutoClose
    private static Browser browser;

    @AutoClose
    private static Receiver receiver;

    @BeforeAll
    static void start() throws Exception {
        Chromium.assumeInstalled();
        database = DatabaseServer.migrated();
        receiver = new Receiver();
        service = Service.start(
                database,
                Map.of(
                        "TALLYHOOK_PROCESSING_DELAY",
                        "PT0.1S",
                        "TALLYHOOK_API_TOKENS",
                        READER,
                        "TALLYHOOK_API_WRITE_TOKENS",
                        WRITER,
                        "TALLYHOOK_TELLING_KEYS",
                        Base64.getEncoder().encodeToString(new byte[32]),
                        "TALLYHOOK_TELLING_ALLOW_HTTP",
                        "true",
                        "TALLYHOOK_TELLING_ALLOWED_NETWORKS",
                        "127.0.0.0/8",
                        // One retry, at once: then it is a dead letter.
                        "TALLYHOOK_TELLING_RETRIES",
                        "PT0.1S"));
        browser = new Browser();
        endpointFor("nobody");
        // From then on it is known that somebody wants to hear of what is finished, so whoever comes later does at
        // once.
        Thread.sleep(2000);
    }

    @BeforeEach
    void startOver() throws Exception {
        receiver.answer(200, "thanks");
        browser.startOver();
    }

    /** Opens the page as somebody who has entered this token. */
    private static void open(String token, String hash) throws Exception {
        browser.open(service, "?first");
        // A refusal that comes later would make the page forget the token again.
        browser.awaitText("#state", "Needs a token"::equals);
        browser.run("sessionStorage.setItem('tallyhook.token', arguments[0])", token);
        browser.open(service, hash);
        browser.awaitText("#state", state -> state.startsWith("Live"));
        // That it was refused without the token is none.
        browser.complaints();
    }

    private static void openEndpoint(String token, String id) throws Exception {
        open(token, "#endpoint=" + id);
        browser.awaitText("#endpoint-heading", id::equals);
    }

    /** Only with filters that nothing of another test passes are tests left alone by each other. */
    private static String endpointFor(String account) throws Exception {
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + "/v1/endpoints"))
                .header("Authorization", "Bearer " + WRITER)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(
                        "{\"url\":\"%s\",\"accounts\":[\"%s\"]}".formatted(receiver.url(), account)))
                .build();
        HttpResponse<String> made = service.client().send(request, HttpResponse.BodyHandlers.ofString());
        assertEquals(201, made.statusCode(), made.body());
        return JSON.readTree(made.body()).get("endpoint_id").asText();
    }

    private static JsonNode read(String path) throws Exception {
        return JSON.readTree(service.get(path, READER).body());
    }

    private static String finish(String account) throws Exception {
        String id = Webhooks.newId();
        String body = Webhooks.body(id).replace("acc_user_789", account);
        assertEquals(202, service.post(body).statusCode());
        Eventually.within(
                PATIENCE,
                () -> read(Webhooks.transactionPath(id)).path("status").asText().equals("PROCESSED"),
                () -> id + " is not finished");
        return id;
    }

    private static void awaitMessages(String text, int count) throws Exception {
        Eventually.within(
                PATIENCE,
                () -> receiver.messagesWith(text).size() == count,
                () -> "came: " + receiver.messagesWith(text) + "\n" + service.log());
    }

    @Test
    void one_is_made_its_secret_is_shown_once_and_a_test_message_gets_there() throws Exception {
        open(WRITER, "");
        browser.find("#endpoints-new").sendKeys(Keys.ENTER);
        browser.type(receiver.url());
        browser.find("#endpoint-description").sendKeys("<b>the shop</b>");
        browser.find("#endpoint-accounts").sendKeys("acc, with a comma", Keys.ENTER, "another one");
        browser.find("#endpoint-amount-min").sendKeys("9007199254740993.01", Keys.ENTER);
        browser.awaitText("#secret", secret -> secret.matches("whsec_[A-Za-z0-9+/=]{32,}"));
        String secret = browser.text("#secret");
        browser.find("#secret-close").click();
        // A browser tells of a dialog's closing in a task of its own, so a moment after the click.
        Eventually.within(
                PATIENCE,
                () -> !browser.run("return document.documentElement.outerHTML + location.href")
                        .toString()
                        .contains(secret),
                () -> "the secret is still there");
        browser.awaitText("#endpoint-body", text -> text.contains("<b>the shop</b>"));
        String id = browser.text("#endpoint-heading");
        assertTrue(browser.text("#endpoint-body").contains("acc, with a commaanother one"));
        assertTrue(browser.text("#endpoint-body").contains("9007199254740993.01"));
        browser.find("#endpoint-test").click();
        browser.awaitText(
                "#endpoint-message", text -> text.startsWith("The test message was delivered: delivered, 200"));
        awaitMessages("endpoint.test", 1);
        browser.awaitText("#attempts", text -> text.contains("endpoint.test"));
        browser.find("#endpoint-close").click();
        browser.awaitText("#endpoints tr[data-endpoint-id='" + id + "'] .status", "Enabled"::equals);
        assertEquals(List.of(), browser.complaints());
    }

    @Test
    void what_is_for_one_that_is_paused_gathers_and_is_told_when_it_is_enabled() throws Exception {
        String id = endpointFor("paused");
        openEndpoint(WRITER, id);
        browser.find("#endpoint-state").click();
        browser.awaitText("#endpoint-body .status", "Paused"::equals);
        Thread.sleep(2000); // A replica may tell what it has claimed before it has looked again.
        String transaction = finish("paused");
        browser.awaitText("#endpoint-body", text -> text.contains("Waiting1"));
        assertEquals(List.of(), receiver.messagesWith(transaction));
        browser.find("#endpoint-state").sendKeys(Keys.ENTER);
        awaitMessages(transaction, 1);
        browser.awaitText("#endpoint-body .status", "Enabled"::equals);
        browser.awaitText("#attempts", text -> text.contains(transaction));
    }

    @Test
    void what_was_given_up_is_shown_as_text_and_sent_again() throws Exception {
        receiver.answer(500, "<img src=x onerror=document.title=1>");
        String id = endpointFor("failing");
        openEndpoint(WRITER, id);
        String transaction = finish("failing");
        browser.awaitText("#dead-letters tbody", text -> text.contains("refused, 500") && text.contains(transaction));
        assertTrue(browser.text("#dead-letters .answer").contains("<img src=x onerror=document.title=1>"));
        assertFalse(browser.has("#endpoint img"));
        assertEquals(2, receiver.messagesWith(transaction).size());
        receiver.answer(200, "thanks");
        browser.find("#dead-letters tbody tr td:last-child button").click();
        awaitMessages(transaction, 3);
        browser.awaitText("#dead-letters-page", "Nothing was given up."::equals);
        assertEquals(
                1,
                receiver.messagesWith(transaction).stream()
                        .map(Receiver.Message::id)
                        .distinct()
                        .count());
        browser.awaitText("#attempts tbody", text -> text.contains("delivered, 200"));
        assertEquals(List.of(), browser.complaints());
    }

    @Test
    void what_was_finished_since_a_time_is_counted_first_and_then_sent_again() throws Exception {
        String id = endpointFor("replayed");
        String transaction = finish("replayed");
        awaitMessages(transaction, 1);
        openEndpoint(WRITER, id);
        browser.run("""
                const since = document.getElementById("replay-since");
                since.value = "2020-01-01T00:00:00";
                since.dispatchEvent(new Event("input", { bubbles: true }));
                """);
        browser.find("#replay-count").click();
        browser.awaitText("#replay-message", "It would send 1 message again."::equals);
        assertEquals(1, receiver.messagesWith(transaction).size());
        assertEquals("Send 1 message", browser.text("#replay-confirm"));
        browser.find("#replay-confirm").click();
        awaitMessages(transaction, 2);
        browser.awaitText("#replays tbody tr td:nth-child(3)", "done"::equals);
        assertEquals(List.of(), browser.complaints());
    }

    @Test
    void who_may_only_read_is_told_so_and_changes_nothing() throws Exception {
        String id = endpointFor("read only");
        openEndpoint(READER, id);
        browser.find("#endpoint-state").click();
        browser.awaitText("#endpoint-message", text -> text.contains("tallyhook.api.write-tokens"));
        browser.find("#endpoint-delete").click();
        browser.type(id, Keys.ENTER);
        browser.awaitText("#endpoint-message", text -> text.contains("tallyhook.api.write-tokens"));
        assertEquals("ENABLED", read("/v1/endpoints/" + id).path("state").asText());
    }

    @Test
    void one_is_deleted_by_who_types_its_id() throws Exception {
        String id = endpointFor("deleted");
        openEndpoint(WRITER, id);
        browser.find("#endpoint-delete").click();
        browser.type("ep_another", Keys.ENTER);
        browser.awaitText("#endpoint-message", "This is not its id, so nothing is deleted."::equals);
        browser.find("#delete-id").clear();
        browser.find("#delete-id").sendKeys(id, Keys.ENTER);
        browser.awaitText("#endpoints-message", (id + " is deleted.")::equals);
        Eventually.within(
                PATIENCE,
                () -> !browser.has("#endpoints tr[data-endpoint-id='" + id + "']"),
                () -> browser.text("#endpoints"));
        assertEquals(404, service.get("/v1/endpoints/" + id, READER).statusCode());
    }
}
