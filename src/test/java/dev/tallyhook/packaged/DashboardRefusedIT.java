package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Chromium;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;

/** What the dashboard does when it is not answered, or is refused. */
class DashboardRefusedIT {

    private static final String TOKEN = "a-token-of-the-reader";

    @AutoClose
    private static DatabaseServer database;

    @AutoClose
    private static Browser browser;

    @BeforeAll
    static void start() throws Exception {
        Chromium.assumeInstalled();
        database = DatabaseServer.migrated();
        browser = new Browser();
    }

    @BeforeEach
    void startOver() {
        browser.startOver();
    }

    @Test
    void a_token_is_asked_for_once_kept_for_the_tab_and_forgotten_on_demand() throws Exception {
        try (var closed = Service.start(database, Map.of("TALLYHOOK_API_TOKENS", TOKEN))) {
            browser.open(closed, "");
            browser.awaitElement("#token-dialog[open]");
            assertEquals("Needs a token", browser.text("#state"));
            browser.find("#token").sendKeys("another-token-than-that", Keys.ENTER);
            browser.awaitText("#token-message", message -> message.contains("does not accept"));
            browser.find("#token").sendKeys(Keys.ESCAPE);
            Thread.sleep(3000);
            assertFalse(browser.has("#token-dialog[open]"), "asked again");
            browser.find("#enter-token").click();
            browser.find("#token").sendKeys(TOKEN, Keys.ENTER);
            browser.awaitText("#state", state -> state.startsWith("Live"));
            browser.open(closed, "?again");
            browser.awaitText("#state", state -> state.startsWith("Live"));
            assertFalse(browser.has("#token-dialog[open]"), "asked again");
            Object elsewhere = browser.run("return location.href + document.cookie + JSON.stringify(localStorage)");
            assertFalse(elsewhere.toString().contains(TOKEN));
            browser.find("#forget-token").click();
            browser.awaitElement("#token-dialog[open]");
        }
    }

    @Test
    void it_says_since_when_nobody_answers_and_recovers_by_itself() throws Exception {
        try (var mortal = Service.start(database, Map.of())) {
            browser.open(mortal, "");
            browser.awaitText("#state", state -> state.startsWith("Live"));
            mortal.kill();
            browser.awaitText("#state", state -> state.startsWith("No answer since"));
            assertTrue(browser.text("#problem").contains("cannot be reached. Shown is what was answered at"));
            assertTrue(browser.has("body[data-stale]"));
            try (var successor = Service.launch(database.environment(), mortal.port())) {
                successor.awaitHealthy();
                browser.awaitText("#state", state -> state.startsWith("Live"));
                assertEquals("", browser.text("#problem"));
            }
        }
    }

    @Test
    void it_says_that_the_database_is_away_and_recovers_by_itself() throws Exception {
        try (var service = Service.start(database, Map.of())) {
            browser.open(service, "");
            browser.awaitText("#state", state -> state.startsWith("Live"));
            database.stop();
            browser.awaitText("#state", state -> state.startsWith("Not served since"));
            database.start();
            browser.awaitText("#state", state -> state.startsWith("Live"));
        }
    }
}
