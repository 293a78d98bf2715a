package dev.tallyhook.source;

import dev.tallyhook.access.Credentials;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What a scheme is made of: a source's settings, and the clock by which timestamps are of now.
 *
 * @param name of the source
 * @param reloaded is told of what {@link #secrets} gives, so that it is reloaded when its file changes
 */
public record SchemeContext(
        String name, SourcesConfig.OfSource config, Clock clock, Consumer<Credentials<?>> reloaded) {

    private static final Duration TOLERANCE_MIN = Duration.ofSeconds(1);
    private static final Duration TOLERANCE_MAX = Duration.ofDays(7);

    /**
     * The secrets, each as the scheme uses it, always as they are now. A scheme calls it once.
     *
     * @param parser makes of a secret what it stands for, or throws an {@link IllegalArgumentException} that says what one must
     *     be and does not repeat it
     * @throws ConfigurationException if there are none, or one is wrong
     */
    public <T> Credentials<T> secrets(Function<String, T> parser) {
        if (config.secrets().isEmpty() && config.secretsFile().isEmpty()) {
            throw refuse("secrets", "or secrets-file must be set: what the provider signs with");
        }
        var secrets = new Credentials<>(setting("secrets"), config.secrets(), config.secretsFile(), parser);
        reloaded.accept(secrets);
        return secrets;
    }

    /**
     * A setting that this scheme cannot do without.
     *
     * @throws ConfigurationException if it is not set
     */
    public String require(String setting, Optional<String> value, String what) {
        return value.orElseThrow(() -> refuse(setting, "must be set: " + what));
    }

    /** One of the words that a setting may be; or it is refused. */
    public String oneOf(String setting, String value, List<String> words) {
        if (!words.contains(value)) {
            throw refuse(setting, "must be one of " + String.join(", ", words));
        }
        return value;
    }

    /** What ends the start: the setting's whole name, and what is wrong. It does not repeat a value. */
    public ConfigurationException refuse(String setting, String problem) {
        return new ConfigurationException(setting(setting) + " " + problem);
    }

    private String setting(String last) {
        return "tallyhook.sources." + name + "." + last;
    }

    /** How far a signed time may be from now: as it is configured, or as far as the provider itself allows. */
    public Duration tolerance(Duration own) {
        Duration tolerance = config.tolerance().orElse(own);
        if (tolerance.compareTo(TOLERANCE_MIN) < 0 || tolerance.compareTo(TOLERANCE_MAX) > 0) {
            throw refuse("tolerance", "must be from 1 second to 7 days");
        }
        return tolerance;
    }

    /** Whether a signed time is near enough to now, on both sides. */
    public boolean isOfNow(long epochSecond, Duration tolerance) {
        return Math.abs(clock.instant().getEpochSecond() - epochSecond) <= tolerance.toSeconds();
    }
}
