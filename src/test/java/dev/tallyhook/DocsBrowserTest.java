package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
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

    @AutoClose("quit")
    private static ChromeDriver browser;

    @BeforeAll
    static void start() {
        Chromium.assumeInstalled();
        browser = Chromium.start(1300, 1000, Map.of(LogType.BROWSER, "ALL"));
    }

    @BeforeEach
    void open() {
        Chromium.startOver(browser);
        browser.executeCdpCommand("Page.addScriptToEvaluateOnNewDocument", Map.of("source", NOTE_REFUSALS));
        browser.get(root.resolve("/docs/").toString());
        await(".opblock");
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
        assertEquals(
                document.operations().size() + document.root().get("webhooks").size(), operations.size());
        // One at a time: the more of them are unfolded, the longer the page takes for each.
        for (WebElement operation : operations) {
            browser.executeScript("arguments[0].scrollIntoView({block: 'center'})", operation);
            operation.click();
            awaitTables(1);
            operation.click();
            awaitTables(0);
        }
        assertNothingWasRefused();
    }

    private static void awaitTables(int count) {
        Awaitility.await()
                .atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> browser.findElements(By.cssSelector(".opblock .responses-table"))
                                .size()
                        == count);
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
        authorizeSender(body);
        click("#operations-Webhooks-receiveWebhook .execute");
        assertEquals(
                "202",
                await(".live-responses-table .response .response-col_status")
                        .getText()
                        .split("\n", 2)[0]);
        assertNothingWasRefused();
    }

    /** JavaScript's numbers have 53 bits, and none has a zero at its end. */
    @Test
    void an_amount_is_sent_and_shown_with_every_digit() {
        String amount = "123456789012345678.10";
        String id = Webhooks.newId();
        String body = Webhooks.body("x", amount, "INR").replace("\\u0078", id);
        String post = "#operations-Webhooks-receiveWebhook ";
        press(post + ".opblock-summary-control");
        press(post + ".try-out__btn");
        type(await(post + "textarea.body-param__text"), body);
        authorizeSender(body); // The signature is over these bytes: what is not sent as it stands is answered 401.
        executeUntil(post, amount);
        assertShows(post + ".live-responses-table .response", "202");

        authorize(Map.of("(http, Bearer)", DocumentedService.TOKEN));
        String get = "#operations-Transactions-getTransaction ";
        press(get + ".opblock-summary-control");
        press(get + ".try-out__btn");
        type(await(get + "[data-param-name=transaction_id] input"), id);
        executeUntil(get, id);
        assertShows(get + ".live-responses-table .response .highlight-code", "\n  \"amount\": " + amount + ",\n");
    }

    /** At once, as what is pasted: the page is drawn anew for each key. */
    private void type(WebElement field, String text) {
        field.sendKeys(Keys.chord(Keys.CONTROL, "a"));
        browser.executeCdpCommand("Input.insertText", Map.of("text", text));
    }

    /** Wherever it is: the page moves while parts of it unfold. */
    private void press(String css) {
        browser.executeScript("arguments[0].click()", await(css));
    }

    /** What is typed is taken a moment later; the command shown is that of the request that was sent. */
    private void executeUntil(String operation, String isSent) {
        Awaitility.await().atMost(PATIENCE).until(() -> {
            press(operation + ".execute");
            return await(operation + ".curl-command")
                    .getDomProperty("textContent")
                    .contains(isSent);
        });
    }

    private void assertShows(String css, String what) {
        String shown = await(css).getDomProperty("textContent");
        assertTrue(shown.contains(what), shown);
    }

    private void authorizeSender(String body) {
        Map<String, String> headers = new HashMap<>();
        Senders.headers(Senders.SECRET, "msg_1", body).forEach((name, value) -> headers.put("Name: " + name, value));
        authorize(headers);
    }

    /** Those whose form says so. */
    private void authorize(Map<String, String> values) {
        click(".auth-wrapper .authorize");
        await(".dialog-ux .btn-done");
        for (WebElement scheme : browser.findElements(By.cssSelector(".dialog-ux .auth-container form"))) {
            values.entrySet().stream()
                    .filter(value -> scheme.getText().contains(value.getKey()))
                    .forEach(value -> {
                        WebElement input = scheme.findElement(By.tagName("input"));
                        type(input, value.getValue());
                        input.sendKeys(Keys.ENTER);
                    });
        }
        click(".dialog-ux .btn-done");
    }
}
