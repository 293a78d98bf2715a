package dev.tallyhook.packaged;

import dev.tallyhook.Chromium;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.openqa.selenium.By;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.logging.LogType;

/** A headless Chromium, which tells what it complained of and whom it asked. */
final class Browser implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Pattern REQUESTED =
            Pattern.compile("\"method\":\"Network.requestWillBeSent\".*?\"request\":\\{.*?\"url\":\"([^\"]+)\"");

    private final ChromeDriver driver;

    Browser() {
        driver = Chromium.start(1280, 900, Map.of("browser", "ALL", "performance", "ALL"));
    }

    /** As if it had just been started. */
    void startOver() {
        Chromium.startOver(driver);
    }

    void open(Service service, String hash) {
        driver.get("http://localhost:" + service.port() + "/dashboard" + hash);
    }

    WebElement find(String selector) {
        return driver.findElement(By.cssSelector(selector));
    }

    boolean has(String selector) {
        return !driver.findElements(By.cssSelector(selector)).isEmpty();
    }

    /** The text of an element, shown or not, and empty where there is none. */
    String text(String selector) {
        return Objects.toString(run("return document.querySelector(arguments[0])?.textContent ?? ''", selector));
    }

    void awaitElement(String selector) throws Exception {
        Eventually.within(PATIENCE, () -> has(selector), () -> selector + " is not there: " + text("main"));
    }

    void awaitText(String selector, Predicate<String> expected) throws Exception {
        Eventually.within(PATIENCE, () -> expected.test(text(selector)), () -> selector + " says " + text(selector));
    }

    Object run(String script, Object... arguments) {
        return driver.executeScript(script, arguments);
    }

    Object runAsync(String script, Object... arguments) {
        return driver.executeAsyncScript(script, arguments);
    }

    /** Types where the focus is. */
    void type(CharSequence... keys) {
        driver.switchTo().activeElement().sendKeys(keys);
    }

    /** A screen of this size in CSS pixels, without scroll bars; narrower than a window can be. */
    void screen(int width, int height, boolean dark) {
        driver.executeCdpCommand("Emulation.setScrollbarsHidden", Map.of("hidden", true));
        driver.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
        driver.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
    }

    void picture(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Files.write(file, driver.getScreenshotAs(OutputType.BYTES));
    }

    /** What the console has said since it was last asked. */
    List<String> complaints() {
        return StreamSupport.stream(driver.manage().logs().get(LogType.BROWSER).spliterator(), false)
                .map(entry -> entry.getLevel() + " " + entry.getMessage())
                .toList();
    }

    /** The hosts and ports that were asked since this was last asked. */
    Set<String> asked() {
        return StreamSupport.stream(
                        driver.manage().logs().get(LogType.PERFORMANCE).spliterator(), false)
                .flatMap(entry -> REQUESTED.matcher(entry.getMessage()).results())
                .map(found -> found.group(1))
                // What is its own content asks nobody.
                .filter(url -> !url.startsWith("data:"))
                .map(url -> URI.create(url).getAuthority())
                .collect(Collectors.toSet());
    }

    @Override
    public void close() {
        driver.quit();
    }
}
