package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Chromium;
import dev.tallyhook.Webhooks;
import dev.tallyhook.source.SchemeSender;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Keys;

@Tag("whole-machine")
class DashboardIT {

    private static final Duration VISIBLE_WITHIN = Duration.ofSeconds(2);
    private static final int NARROWEST = 360;
    private static final String SECRET = "whsec_of_the_shop";

    @AutoClose
    private static DatabaseServer database;

    @AutoClose
    private static Service service;

    @AutoClose
    private static Browser browser;

    @BeforeAll
    static void start() throws Exception {
        Chromium.assumeInstalled();
        database = DatabaseServer.migrated();
        service = Service.start(
                database,
                Map.of(
                        "TALLYHOOK_PROCESSING_DELAY",
                        "PT3S",
                        "TALLYHOOK_SOURCES_SHOP_SCHEME",
                        "stripe",
                        "TALLYHOOK_SOURCES_SHOP_SECRETS",
                        SECRET));
        browser = new Browser();
    }

    @BeforeEach
    void startOver() {
        browser.startOver();
    }

    private void openLive(Service service, String hash) throws Exception {
        browser.open(service, hash);
        browser.awaitText("#state", state -> state.startsWith("Live"));
    }

    private static void accept(String body) throws Exception {
        assertEquals(202, service.post(body).statusCode());
    }

    private static String row(String id) {
        return "#transactions tbody tr[data-transaction-id='" + id + "']";
    }

    @Test
    void it_runs_without_a_complaint_and_asks_nobody_but_the_service() throws Exception {
        openLive(service, "");
        browser.awaitElement("#chart-rates canvas");
        browser.awaitText("#replicas-count", replicas -> replicas.equals("1 replica"));
        // Long enough for every list to be asked for again.
        Thread.sleep(6000);
        assertEquals(List.of(), browser.complaints());
        assertEquals(Set.of("localhost:" + service.port()), browser.asked());
        assertEquals("", browser.text("#problem"));
    }

    @Test
    void what_is_posted_shows_within_two_seconds_and_turns_to_processed_by_itself() throws Exception {
        openLive(service, "");
        browser.awaitElement("#transactions-page");
        String id = Webhooks.newId();
        accept(Webhooks.body(id));
        Eventually.within(VISIBLE_WITHIN, () -> browser.has(row(id)), () -> browser.text("#transactions"));
        assertEquals("Processing", browser.text(row(id) + " [data-status]"));
        browser.find(row(id) + " button").click();
        browser.awaitText("#detail [data-status]", status -> status.equals("Processing"));
        browser.awaitText("#detail [data-status]", status -> status.equals("Processed"));
        browser.awaitText(row(id) + " [data-status]", status -> status.equals("Processed"));
        assertTrue(browser.text("#detail").contains("Took3."), browser.text("#detail"));
    }

    @Test
    void what_was_kept_long_enough_is_counted_as_it_goes_where_anything_goes() throws Exception {
        openLive(service, "");
        browser.awaitText("#tile-accepts .value", rate -> !rate.isEmpty());
        assertFalse(browser.find("#tile-gone").isDisplayed());
        try (var ledger = DatabaseServer.migrated();
                var keeping = Service.start(
                        ledger, Map.of("TALLYHOOK_PROCESSING_DELAY", "PT0.1S", "TALLYHOOK_LEDGER_KEEP", "PT1S"))) {
            openLive(keeping, "");
            browser.awaitText("#tile-gone", text -> text.contains("Kept for PT1S"));
            assertEquals(202, keeping.post(Webhooks.body(Webhooks.newId())).statusCode());
            browser.awaitText("#tile-gone .value", "1"::equals);
            assertFitsInWidth();
            ledger.execute("UPDATE keeping SET replica = NULL, failing_since = '2025-03-01 12:00Z'");
            browser.awaitText("#tile-gone", text -> text.contains("Fails since 2025-03-01 12:00 UTC"));
        }
    }

    @Test
    void the_figures_move_with_what_comes_in() throws Exception {
        openLive(service, "");
        try (var load = new Load(id -> service.post(Webhooks.body(id)))) {
            browser.awaitText("#tile-accepts .value", rate -> rate.matches("[0-9,.]*[1-9][0-9,.]*"));
            browser.awaitText("#tile-finishes .value", rate -> rate.matches("[0-9,.]*[1-9][0-9,.]*"));
            browser.awaitText("#tile-waiting .value", waiting -> waiting.matches("[1-9][0-9,]*"));
            browser.awaitText("#tile-lateness .value", lateness -> lateness.matches("[0-9.]+ m?s"));
            assertEquals(List.of(), load.refusedForGood());
        }
        assertFalse(browser.text("#chart-rates [role=img]").contains("nothing reported"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "<img src=x onerror=document.title=1>",
                "{\"transaction_id\":\"x\",\"amount\":1}",
                "a/b?c=d&e#f%00;..",
                "'; DROP TABLE transactions; --\\",
                "__proto__",
                "\u05e9\u05dc\u05d5\u05dd 123 \ud83d\ude00"
            })
    void an_id_is_found_and_shown_as_the_text_it_is_and_no_digit_is_lost(String id) throws Exception {
        accept(Webhooks.body(id, "9007199254740993.01", "INR"));
        openLive(service, "");
        browser.find("#search-id").sendKeys(id, Keys.ENTER);
        browser.awaitText("#detail dd", id::equals);
        assertEquals("9007199254740993.01", browser.text("#detail .amount"));
        assertFalse(browser.has("#detail img, #transactions img, #conflicts img"));
        assertEquals(List.of(), browser.complaints());
    }

    @Test
    void what_cannot_be_seen_in_an_id_is_named() throws Exception {
        String id = "invoice_\u202efdp.exe\u200b ";
        accept(Webhooks.body(id));
        browser.open(service, "");
        browser.run("location.hash = new URLSearchParams({ id: arguments[0] })", id);
        browser.awaitText("#detail dd", "invoice_U+202Efdp.exeU+200B␣"::equals);
    }

    @Test
    void amounts_are_kept_and_text_that_looks_like_one_is_left_alone() {
        browser.open(service, "");
        Object parsed = browser.runAsync("""
                const done = arguments[arguments.length - 1];
                import("/dashboard/json.js").then(({ parse }) => done(JSON.stringify(parse(arguments[0]))));
                """, """
                {"id":"\\"amount\\":1","a":"\\\\","amount" : 0.10,"n":1.50,"in":[{"amount":9007199254740993.01},"amount",2]}""");
        assertEquals("""
                {"id":"\\"amount\\":1","a":"\\\\","amount":"0.10","n":1.5,"in":[{"amount":"9007199254740993.01"},"amount",2]}""", parsed);
    }

    @Test
    void a_conflict_is_shown_beside_what_is_stored() throws Exception {
        String id = Webhooks.newId();
        accept(Webhooks.body(id, "123456789012345678.12", "INR"));
        openLive(service, "");
        for (int i = 0; i < 3; i++) {
            String other = Webhooks.body(id, "123456789012345678.13", "INR");
            assertEquals(409, service.post(other).statusCode());
        }
        browser.awaitText("#conflicts [data-conflict-id] h3", id::equals);
        browser.awaitText("#conflicts [data-conflict-id] .aside", text -> text.contains(", 3 times, last 20"));
        String conflict = "#conflicts [data-conflict-id] tbody tr";
        assertEquals(
                "Amount ≠ differs123456789012345678.12123456789012345678.13", browser.text(conflict + ":nth-child(1)"));
        assertEquals("123456789012345678.12", browser.text(row(id) + " .amount"));
        assertEquals("CurrencyINRINR", browser.text(conflict + ":nth-child(2)"));
        browser.find("#conflicts [data-conflict-id] button").click();
        browser.awaitText("#detail dd", id::equals);
    }

    @Test
    void a_transaction_is_held_with_a_reason_and_released() throws Exception {
        String id = Webhooks.newId();
        accept(Webhooks.body(id));
        openLive(service, "#id=" + id);
        browser.awaitText("#detail-hold", text -> text.startsWith("Hold"));
        browser.find("#detail-hold").click();
        browser.find("#hold-reason").sendKeys("<b>asked for</b> by the bank", Keys.ENTER);
        browser.awaitText("#detail [data-status]", status -> status.equals("Held"));
        browser.awaitText("#detail-body", text -> text.contains("<b>asked for</b> by the bank"));
        browser.awaitText(row(id) + " [data-status]", status -> status.equals("Held"));
        browser.open(service, "#status=HELD&id=" + id);
        browser.awaitText("#detail-hold", text -> text.startsWith("Release"));
        browser.find("#detail-hold").click();
        browser.find("#hold-confirm").click();
        browser.awaitText("#detail [data-status]", status -> status.equals("Processed"));
        assertFalse(browser.find("#detail-hold").isDisplayed());
        assertEquals(List.of(), browser.complaints());
    }

    @Test
    void filters_are_in_the_address_and_a_wrong_one_is_named() throws Exception {
        String id = Webhooks.newId();
        accept(Webhooks.body(id).replace("acc_user_789", "acc_" + id));
        openLive(service, "#source_account=acc_" + id);
        browser.awaitText("#transactions tbody", rows -> rows.contains(id));
        assertEquals(1L, browser.run("return document.querySelectorAll('#transactions tbody tr').length"));
        browser.find("#source_account").sendKeys("x".repeat(256), Keys.ENTER);
        browser.awaitText("#transactions-message", message -> message.contains("255"));
        assertEquals("true", browser.find("#source_account").getDomAttribute("aria-invalid"));
    }

    /** The one that happened first comes in last. */
    @Test
    void the_events_of_a_payment_are_listed_from_any_of_them_by_the_providers_times() throws Exception {
        String payment = "pi_" + UUID.randomUUID();
        acceptEvent("evt_2" + payment, 1_761_733_770, "payment_intent.succeeded", payment, ",\"amount_received\":1099");
        acceptEvent("evt_1" + payment, 1_761_733_700, "payment_intent.amount_capturable_updated", payment, "");
        acceptEvent("evt_3" + payment, 1_761_733_790, "payment_intent.succeeded", payment, "");
        openLive(service, "#unmapped=true&subject=" + payment);
        browser.awaitElement(row("shop:evt_3" + payment));
        assertEquals(List.of("shop:evt_3" + payment), listed());
        assertEquals("–", browser.text(row("shop:evt_3" + payment) + " .money"));
        browser.find(row("shop:evt_3" + payment) + " button").click();
        browser.awaitText("#detail-body", text -> text.contains("Not fully mappedno amount"));
        browser.find("#detail-subject").click();
        browser.awaitElement(row("shop:evt_1" + payment));
        assertEquals(List.of("shop:evt_3" + payment, "shop:evt_2" + payment, "shop:evt_1" + payment), listed());
        assertFalse(browser.has("#detail[open]"));
        assertEquals(
                "shop" + "payment_intent.succeeded" + payment, browser.text(row("shop:evt_2" + payment) + " .event"));
        assertEquals("10.99", browser.text(row("shop:evt_2" + payment) + " .amount"));
        // The pointer is in the list now, which keeps its rows where they are.
        browser.awaitText("#transactions-page", text -> text.startsWith("Newest first by the provider's time"));
        Thread.sleep(2500);
        assertEquals(3, listed().size());
        browser.find(row("shop:evt_2" + payment) + " button").click();
        browser.awaitText(
                "#detail-body",
                text -> text.contains("Occurred2025-10-29 10:29:30.000 UTC")
                        && text.contains("Amount as sent1099 in the currency's smallest units"));
        assertEquals(List.of(), browser.complaints());
    }

    @Test
    void what_a_source_posts_is_counted_and_its_events_are_a_key_away() throws Exception {
        String payment = "pi_" + UUID.randomUUID();
        acceptEvent("evt_1" + payment, 1_761_733_700, "payment_intent.succeeded", payment, "");
        var unsigned = HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + "/v1/webhooks/shop"))
                .POST(HttpRequest.BodyPublishers.ofString("{}"));
        assertEquals(
                401,
                service.client()
                        .send(unsigned.build(), HttpResponse.BodyHandlers.ofString())
                        .statusCode());
        openLive(service, "#status=HELD");
        String shop = "#sources tr[data-source='shop']";
        browser.awaitText(shop + " .unauthenticated", count -> count.matches("[1-9]\\d*"));
        assertTrue(browser.text(shop + " .accepted").matches("[1-9]\\d*"));
        assertTrue(browser.text(shop + " .unmapped").matches("[1-9]\\d*"));
        assertTrue(browser.text(shop + " .last").matches("(\\S+ )?\\d\\d:\\d\\d:\\d\\d"));
        assertTrue(browser.text(shop).contains("stripe, /v1/webhooks/shop"));
        browser.find(shop + " button").sendKeys(Keys.ENTER);
        browser.awaitElement("#transactions-heading:focus");
        browser.awaitElement(row("shop:evt_1" + payment));
        assertEquals("", browser.run("return document.getElementById('status').value"));
        assertEquals("shop", browser.run("return document.getElementById('source').value"));
        assertEquals(List.of(), browser.complaints());
    }

    private static void acceptEvent(String id, long created, String type, String payment, String more)
            throws Exception {
        String body = """
                {"id":"%s","object":"event","created":%d,"type":"%s",
                "data":{"object":{"id":"%s","object":"payment_intent","amount":1099,"currency":"usd","customer":"cus_1"%s}}}""".formatted(id, created, type, payment, more);
        SchemeSender.Signed signed =
                SchemeSender.of("stripe").signer().sign(SECRET, body.getBytes(StandardCharsets.UTF_8));
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + "/v1/webhooks/shop"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(signed.body()));
        signed.headers().forEach(request::header);
        assertEquals(
                200,
                service.client()
                        .send(request.build(), HttpResponse.BodyHandlers.ofString())
                        .statusCode());
    }

    private List<?> listed() {
        return (List<?>)
                browser.run(
                        "return [...document.querySelectorAll('#transactions tbody tr')].map((row) => row.dataset.transactionId)");
    }

    @Test
    void a_phone_needs_no_scrolling_to_the_side() throws Exception {
        accept(Webhooks.body("x".repeat(255)));
        browser.screen(NARROWEST, 800, false);
        openLive(service, "");
        browser.awaitElement("#transactions tbody tr");
        assertFitsInWidth();
        browser.open(service, "#id=" + "x".repeat(255));
        browser.awaitText("#detail dd", id -> id.length() == 255);
        assertFitsInWidth();
    }

    private void assertFitsInWidth() {
        Object overhang =
                browser.run("const root = document.documentElement; return root.scrollWidth - root.clientWidth");
        assertEquals(0L, overhang);
    }

    @Test
    void the_way_to_a_transaction_needs_no_mouse() throws Exception {
        String id = Webhooks.newId();
        accept(Webhooks.body(id));
        openLive(service, "");
        browser.awaitElement(row(id));
        browser.type(Keys.TAB);
        assertEquals("Skip to the figures", browser.run("return document.activeElement.textContent"));
        browser.type(Keys.ENTER);
        for (int tabs = 0; !browser.has("#search-id:focus"); tabs++) {
            assertTrue(tabs < 10, "the search is too far away");
            browser.type(Keys.TAB);
        }
        browser.type(id, Keys.ENTER);
        browser.awaitText("#detail dd", id::equals);
        browser.type(Keys.ESCAPE);
        browser.awaitElement("#search-id:focus");
        for (int tabs = 0; !browser.has(row(id) + " button:focus"); tabs++) {
            assertTrue(tabs < 60, "the row is too far away");
            browser.type(Keys.TAB);
        }
        browser.type(Keys.ENTER);
        browser.awaitElement("#detail[open]");
        browser.type(Keys.ESCAPE);
        browser.awaitElement(row(id) + " button:focus");
    }
}
