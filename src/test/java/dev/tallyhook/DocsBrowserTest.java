package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;

/** The page /docs in a real browser, under its policy. Needs Chromium and its driver on the path, or it is skipped. */
@QuarkusTest
@TestProfile(DocumentedService.Profile.class)
class DocsBrowserTest {

    /** The policy's refusals are told to the page, with what was refused. */
    private static final String NOTE_REFUSALS = "window.refusals = []; addEventListener('securitypolicyviolation',"
            + " e => refusals.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample))";

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TestHTTPResource
    URI root;

    private ChromeDriver browser;

    @BeforeEach
    void open() {
        Chromium.assumeInstalled();
        browser = Chromium.start(1300, 1000, Map.of(LogType.BROWSER, "ALL"));
        browser.executeCdpCommand("Page.addScriptToEvaluateOnNewDocument", Map.of("source", NOTE_REFUSALS));
        browser.get(root.resolve("/docs/").toString());
        await(".opblock");
    }

    @AfterEach
    void close() {
        if (browser != null) {
            browser.quit();
        }
    }

    private void assertNothingWasRefused() {
        List<String> console = browser.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(LogEntry::toString)
                .toList();
        assertEquals(List.of(), console, () -> "refused: " + browser.executeScript("return refusals"));
    }

    private WebElement await(String css) {
        return Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> browser.findElements(By.cssSelector(css)), found -> !found.isEmpty())
                .get(0);
    }

    private void click(String css) {
        WebElement element = await(css);
        browser.executeScript("arguments[0].scrollIntoView({block: 'center'})", element);
        element.click();
    }

    @Test
    void every_operation_unfolds() {
        List<WebElement> operations = browser.findElements(By.cssSelector(".opblock-summary-control"));
        var document = new OpenApiDocument(
                new DocumentedService(root).getWithoutToken("/openapi.json").body());
        assertEquals(document.operations().size(), operations.size());
        for (WebElement operation : operations) {
            browser.executeScript("arguments[0].scrollIntoView({block: 'center'})", operation);
            operation.click();
        }
        Awaitility.await()
                .atMost(PATIENCE)
                .until(() -> browser.findElements(By.cssSelector(".opblock .responses-table"))
                                .size()
                        == operations.size());
        assertNothingWasRefused();
    }

    /** As somebody tries it who signs by hand: what the page shows is what it sends. */
    @Test
    void a_webhook_can_be_tried() {
        click("#operations-Webhooks-receiveWebhook .opblock-summary-control");
        click("#operations-Webhooks-receiveWebhook .try-out__btn");
        click("#operations-Webhooks-receiveWebhook .examples-select option[value=large]");
        String body =
                browser.findElement(By.cssSelector("textarea.body-param__text")).getDomProperty("value");
        assertTrue(body.contains("9876543210123.45"), body);
        authorize(Senders.headers(Senders.SECRET, "msg_1", body));
        click("#operations-Webhooks-receiveWebhook .execute");
        assertEquals(
                "202",
                await(".live-responses-table .response .response-col_status")
                        .getText()
                        .split("\n", 2)[0]);
        assertNothingWasRefused();
    }

    private void authorize(Map<String, String> headers) {
        click(".auth-wrapper .authorize");
        await(".dialog-ux .btn-done");
        for (WebElement scheme : browser.findElements(By.cssSelector(".dialog-ux .auth-container form"))) {
            headers.entrySet().stream()
                    .filter(header -> scheme.getText().contains("Name: " + header.getKey()))
                    .forEach(header -> scheme.findElement(By.tagName("input")).sendKeys(header.getValue(), Keys.ENTER));
        }
        click(".dialog-ux .btn-done");
    }
}
