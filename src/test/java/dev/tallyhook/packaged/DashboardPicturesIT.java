package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.Chromium;
import dev.tallyhook.Webhooks;
import dev.tallyhook.source.SchemeSender;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Takes the pictures of the dashboard into the folder that {@code -Dscreenshots} names, of two replicas under a load
 * that lasts {@code -Dscreenshots.seconds}.
 */
@EnabledIfSystemProperty(named = "screenshots", matches = ".+", disabledReason = "no pictures were asked for")
class DashboardPicturesIT {

    private static final String SECRET = "whsec_of_the_shop";
    private static final int WIDTH = 1280;
    private static final int HEIGHT = 900;
    private static final int TALL = 1560;
    private static final int PHONE_WIDTH = 390;
    private static final int PHONE_HEIGHT = 844;
    private static final double WAVE_SECONDS = 90;

    private final Path folder = Path.of(System.getProperty("screenshots", "."));
    private final Duration loaded = Duration.ofSeconds(Long.getLong("screenshots.seconds", 120));

    @BeforeAll
    static void assumeBrowser() {
        Chromium.assumeInstalled();
    }

    @Test
    void pictures_are_taken_of_the_real_thing() throws Exception {
        var settings = Map.of(
                "TALLYHOOK_PROCESSING_DELAY", "PT10S",
                "TALLYHOOK_SOURCES_SHOP_SCHEME", "stripe",
                "TALLYHOOK_SOURCES_SHOP_SECRETS", SECRET,
                "TALLYHOOK_SOURCES_CODE_SCHEME", "github",
                "TALLYHOOK_SOURCES_CODE_SECRETS", SECRET,
                "TALLYHOOK_TELLING_KEYS", Base64.getEncoder().encodeToString(new byte[32]),
                "TALLYHOOK_TELLING_ALLOW_HTTP", "true",
                "TALLYHOOK_TELLING_ALLOWED_NETWORKS", "127.0.0.0/8");
        try (var database = new DatabaseServer();
                var receiver = new Receiver();
                var one = Service.start(database, settings);
                var two = Service.start(database, settings);
                var browser = new Browser()) {
            var replicas = List.of(one, two);
            browser.screen(WIDTH, HEIGHT, false);
            browser.open(one, "");
            browser.awaitText("#replicas-count", "2 replicas"::equals);
            browser.awaitText("#tile-accepts .value", "0"::equals);
            browser.picture(folder.resolve("empty.png"));
            makeEndpoint(one, receiver.url());
            makeEndpoint(one, "http://127.0.0.1:1024/nobody-is-here");
            try (var load = new Load(id -> send(replicas, id))) {
                Thread.sleep(loaded.toMillis());
                take(browser, one);
                assertEquals(List.of(), load.refused());
            }
        }
    }

    private void take(Browser browser, Service service) throws Exception {
        browser.screen(WIDTH, TALL, false);
        browser.awaitText("#transactions tbody", rows -> rows.contains("Processing"));
        browser.picture(folder.resolve("load.png"));
        browser.screen(WIDTH, HEIGHT, true);
        browser.picture(folder.resolve("dark.png"));
        browser.screen(WIDTH, HEIGHT, false);
        browser.run("document.getElementById('conflicts-section').scrollIntoView()");
        browser.picture(folder.resolve("conflicts.png"));
        for (boolean dark : List.of(false, true)) {
            browser.screen(WIDTH, HEIGHT, dark);
            browser.run("document.getElementById('sources-section').scrollIntoView()");
            browser.picture(folder.resolve(dark ? "telling-dark.png" : "telling.png"));
        }
        browser.screen(PHONE_WIDTH, PHONE_HEIGHT, false);
        browser.open(service, "");
        browser.awaitText("#tile-accepts .value", rate -> rate.matches("[0-9,.]+"));
        browser.picture(folder.resolve("phone.png"));
        browser.awaitElement("#sources tbody tr");
        browser.awaitElement("#endpoints tbody tr");
        browser.run("document.getElementById('sources-section').scrollIntoView()");
        browser.picture(folder.resolve("telling-phone.png"));
    }

    /** A load that swells and ebbs, and in which now and then one comes again with another amount. */
    private static HttpResponse<String> send(List<Service> replicas, String id)
            throws IOException, InterruptedException {
        var random = ThreadLocalRandom.current();
        double swell = Math.sin(2 * Math.PI * System.nanoTime() / 1e9 / WAVE_SECONDS);
        Thread.sleep(Math.round(16 + 8 * swell));
        var service = replicas.get(random.nextInt(replicas.size()));
        if (random.nextInt(10) == 0) {
            postEvent(service, id, random);
        }
        HttpResponse<String> answer = service.post(body(id, amount(random)));
        if (random.nextInt(1500) == 0) {
            service.post(body(id, amount(random)));
        }
        return answer;
    }

    /** Some cannot be mapped, and some are signed by nobody. */
    private static void postEvent(Service service, String id, ThreadLocalRandom random)
            throws IOException, InterruptedException {
        String object = random.nextInt(20) == 0 ? "something_of_tomorrow" : "payment_intent";
        String body = """
                {"id":"evt_%1$s","object":"event","created":1761733700,"type":"%2$s.succeeded","data":{"object":{"id":"pi_%1$s","object":"%2$s",
                "amount":1099,"amount_received":1099,"currency":"usd","customer":"cus_1"}}}""".formatted(id, object);
        String secret = random.nextInt(50) == 0 ? SECRET + "?" : SECRET;
        SchemeSender.Signed signed =
                SchemeSender.of("stripe").signer().sign(secret, body.getBytes(StandardCharsets.UTF_8));
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + "/v1/webhooks/shop"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofByteArray(signed.body()));
        signed.headers().forEach(request::header);
        service.client().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static void makeEndpoint(Service service, String url) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + service.port() + "/v1/endpoints"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"url\":\"%s\"}".formatted(url)))
                .build();
        HttpResponse<String> made = service.client().send(request, HttpResponse.BodyHandlers.ofString());
        assertEquals(201, made.statusCode(), made.body());
    }

    private static String amount(ThreadLocalRandom random) {
        return "%d.%02d".formatted(random.nextInt(1, 100_000), random.nextInt(100));
    }

    private static String body(String id, String amount) {
        int number = Math.floorMod(id.hashCode(), 1000);
        return Webhooks.body(id, amount, List.of("INR", "EUR", "USD", "GBP").get(number % 4))
                .replace("acc_user_789", "acc_user_" + number)
                .replace("acc_merchant_456", "acc_merchant_" + number % 37);
    }
}
