package dev.tallyhook;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.time.Duration;
import java.util.Map;

/**
 * A service that knows its readers, two named senders, and takes the built-in webhooks of everybody; what its API is it does not tell. One
 * for several classes of tests, because each profile costs ten seconds.
 */
public final class ReadersKnown implements QuarkusTestProfile {

    public static final String READER = "reader-one-0123456789";
    public static final String HOLDER = "holder-one-0123456789";
    public static final String RAW_READER = "raw-reader-0123456789";
    public static final String WRITER = "writer-one-0123456789";
    public static final String SHOP_SECRET = "whsec_of_the_tests";
    public static final String OTHER_SECRET = "whsec_of_another";
    public static final Duration DELAY = Duration.ofSeconds(2);

    @Override
    public Map<String, String> getConfigOverrides() {
        return Map.ofEntries(
                Map.entry("tallyhook.api.tokens", READER),
                Map.entry("tallyhook.api.hold-tokens", HOLDER),
                Map.entry("tallyhook.api.raw-tokens", RAW_READER),
                Map.entry("tallyhook.api.write-tokens", WRITER),
                Map.entry("tallyhook.sources.shop.scheme", "stripe"),
                Map.entry("tallyhook.sources.shop.secrets", SHOP_SECRET),
                Map.entry("tallyhook.sources.other.scheme", "stripe"),
                Map.entry("tallyhook.sources.other.secrets", OTHER_SECRET),
                Map.entry("tallyhook.sources.other.body-size-max", "2K"),
                Map.entry("tallyhook.docs.enabled", "false"),
                Map.entry("tallyhook.processing.delay", DELAY.toString()));
    }
}
