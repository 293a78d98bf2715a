package dev.tallyhook.development;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Chromium;
import dev.tallyhook.packaged.Programs;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.logging.Level;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;
import org.openqa.selenium.logging.LogType;

/** What dev mode adds, as the build leaves it in for that profile. */
@QuarkusTest
@TestProfile(FirstMinuteTest.DevMode.class)
class FirstMinuteTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TestHTTPResource
    URI root;

    @Inject
    DataSource dataSource;

    public static final class DevMode implements QuarkusTestProfile {

        @Override
        public String getConfigProfile() {
            return "dev";
        }

        /** The tests have a server that is gone afterwards. */
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.of("embedded-postgres.directory", "");
        }
    }

    @BeforeEach
    void nothingWasPosted() throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement()) {
            statement.execute("TRUNCATE transactions");
        }
    }

    @Test
    void the_line_that_is_told_posts_a_webhook_when_it_is_pasted() throws Exception {
        Programs.assumeInstalled("curl", "curl");
        String root = this.root.toString().replaceAll("/$", "");
        String line = FirstMinute.firstWebhook(root);
        assertTrue(FirstMinute.greeting(root, true).contains(line));
        assertFalse(FirstMinute.greeting(root, false).contains("curl"));
        var outcome = Programs.run("sh", "-c", line);
        assertTrue(outcome.output().contains("HTTP/1.1 202 Accepted"), outcome.output());
        assertEquals(1, count());
    }

    @Test
    void an_empty_dashboard_offers_to_post_one_and_shows_it() {
        Chromium.assumeInstalled();
        var browser = Chromium.start(1300, 1000, Map.of(LogType.BROWSER, "ALL"));
        try {
            browser.get(root.resolve("/dashboard").toString());
            var button = browser.findElement(By.id("first-post"));
            Awaitility.await().atMost(PATIENCE).until(button::isDisplayed);
            button.click();
            Awaitility.await().atMost(PATIENCE).until(() -> !browser.findElements(
                            By.cssSelector("tr[data-transaction-id^=txn_test_]"))
                    .isEmpty());
            Awaitility.await().atMost(PATIENCE).until(() -> !button.isDisplayed());
            assertEquals(
                    0,
                    browser.manage().logs().get(LogType.BROWSER).getAll().stream()
                            .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
                            .count());
        } finally {
            browser.quit();
        }
    }

    private long count() throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT count(*) FROM transactions")) {
            row.next();
            return row.getLong(1);
        }
    }
}
