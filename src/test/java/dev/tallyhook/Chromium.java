package dev.tallyhook;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
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

    private static Optional<File> chromium() {
        return onThePath("chromium", "chromium-browser", "google-chrome");
    }

    private static Optional<File> driver() {
        return onThePath("chromedriver");
    }

    private static Optional<File> onThePath(String... names) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .flatMap(folder -> Stream.of(names).map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .map(Path::toFile)
                .findFirst();
    }
}
