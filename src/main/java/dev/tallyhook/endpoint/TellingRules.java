package dev.tallyhook.endpoint;

import io.quarkus.runtime.configuration.ConfigurationException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What is to be said of {@link TellingConfig} beyond the bounds of its numbers. */
public final class TellingRules {

    private static final String PREFIX = "tallyhook.telling.";

    private static final int RETRIES_MAX = 100;
    private static final Duration RETRY_MAX = Duration.ofDays(30);

    private TellingRules() {}

    /** What is wrong with the settings, of telling and of endpoints, a line for each. */
    public static List<String> problems(EndpointsConfig config) {
        return ConfiguredEndpoints.problems(config);
    }

    static List<String> problems(TellingConfig config) {
        List<String> problems = new ArrayList<>();
        try {
            SecretBox.check(config);
        } catch (ConfigurationException wrong) {
            problems.add(String.valueOf(wrong.getMessage()));
        }
        try {
            AllowedPorts.of(config.allowPorts());
        } catch (IllegalArgumentException wrong) {
            problems.add(PREFIX + "allow-ports: " + wrong.getMessage());
        }
        List<Duration> retries = config.retries();
        if (retries.size() > RETRIES_MAX
                || retries.stream()
                        .anyMatch(wait -> wait.isNegative() || wait.isZero() || wait.compareTo(RETRY_MAX) > 0)) {
            problems.add(PREFIX + "retries must have at most 100 waits, each longer than PT0S and at most P30D");
        }
        return problems;
    }
}
