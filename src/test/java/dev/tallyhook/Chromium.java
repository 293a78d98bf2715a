package dev.tallyhook;

import dev.tallyhook.packaged.Programs;
import java.io.File;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;

/** The browser that is on the path, without a window. */
public final class Chromium {

    private Chromium() {}

    /** Skips a test where there is none. */
    public static void assumeInstalled() {
        Assumptions.assumeTrue(
                chromium().isPresent() && driver().isPresent(),
                "no chromium and chromedriver on the path: no page is tried");
    }

    /**
     * Starts it.
     *
     * @param logs what it is to keep, by kind and level
     */
    public static ChromeDriver start(int width, int height, Map<String, String> logs) {
        var options = new ChromeOptions()
                .setBinary(chromium().orElseThrow())
                .addArguments(
                        "--headless=new",
                        // As root, as in a container, Chromium does not start with one.
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-dev-shm-usage",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--window-size=" + width + "," + height);
        options.setCapability("goog:loggingPrefs", logs);
        // Named, so that nothing is looked for on this machine or fetched from elsewhere.
        var service = new ChromeDriverService.Builder()
                .usingDriverExecutable(driver().orElseThrow())
                .build();
        return new ChromeDriver(service, options);
    }

    /**
     * Gives the next test a tab of its own, which knows nothing of what others kept, and nothing of what was logged for them: a start takes
     * seconds of both processors.
     */
    public static void startOver(ChromeDriver browser) {
        Set<String> others = browser.getWindowHandles();
        browser.switchTo().newWindow(WindowType.TAB);
        String own = browser.getWindowHandle();
        for (String other : others) {
            browser.switchTo().window(other).close();
        }
        browser.switchTo().window(own);
        browser.executeCdpCommand("Network.clearBrowserCache", Map.of());
        browser.executeCdpCommand("Network.clearBrowserCookies", Map.of());
        browser.executeCdpCommand("Storage.clearDataForOrigin", Map.of("origin", "*", "storageTypes", "all"));
        for (String kind : browser.manage().logs().getAvailableLogTypes()) {
            browser.manage().logs().get(kind); // Which forgets them.
        }
    }

    private static Optional<File> chromium() {
        return Programs.find("chromium", "chromium-browser", "google-chrome").map(Path::toFile);
    }

    private static Optional<File> driver() {
        return Programs.find("chromedriver").map(Path::toFile);
    }
}
