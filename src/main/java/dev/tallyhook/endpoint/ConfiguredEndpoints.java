package dev.tallyhook.endpoint;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.problem.Violation;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The endpoints of this replica's configuration. Their secrets never leave it. */
@ApplicationScoped
class ConfiguredEndpoints {

    private static final String PREFIX = "tallyhook.endpoints.";

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?");

    private static final Duration RELOAD_PERIOD = Duration.ofSeconds(1);

    /** What was made of the settings as they were checked, and is taken by the one bean that is made of the same ones. */
    private static final AtomicReference<@Nullable Made> CHECKED = new AtomicReference<>();

    /** One of them. */
    record Configured(
            String name, EndpointSettings settings, SignatureVersion version, Credentials<SigningKey> secrets) {

        KeyRing keys() {
            return new KeyRing(secrets.current().stream()
                    .map(key -> new KeyRing.Entry(key, null))
                    .toList());
        }
    }

    private record Made(EndpointsConfig config, Map<String, Configured> byName) {

        static Made of(EndpointsConfig config, EndpointRules rules, Consumer<String> whatIsWrong) {
            var made = new Made(config, new TreeMap<>());
            config.endpoints().forEach((name, of) -> configured(name, of, rules, whatIsWrong)
                    .ifPresent(endpoint -> made.byName.put(name, endpoint)));
            return made;
        }
    }

    private final Map<String, Configured> byName;
    private final Tick reloading;

    ConfiguredEndpoints(EndpointsConfig config, Ticks ticks) {
        byName = read(config);
        reloading = ticks.every(RELOAD_PERIOD, "endpoints' secrets", () -> byName.values()
                .forEach(endpoint -> endpoint.secrets.reload()));
    }

    /**
     * Those of the settings, as they were checked if these are the ones that were.
     *
     * @throws ConfigurationException if one is wrong
     */
    static Map<String, Configured> read(EndpointsConfig config) {
        Made checked = CHECKED.getAndSet(null);
        return checked != null && checked.config == config
                ? checked.byName
                : Made.of(config, new EndpointRules(config.telling()), wrong -> {
                            throw new ConfigurationException(wrong);
                        })
                        .byName;
    }

    /** What is wrong with the settings, a line for each: said as they are read, and not after a database was waited for. */
    static List<String> problems(EndpointsConfig config) {
        List<String> problems = new ArrayList<>();
        TellingRules.problems(config.telling()).forEach(problems::add);
        if (!problems.isEmpty()) {
            return problems; // Which URLs are allowed is not known.
        }
        Made made = Made.of(config, new EndpointRules(config.telling()), problems::add);
        CHECKED.set(problems.isEmpty() ? made : null);
        return problems;
    }

    private static Optional<Configured> configured(
            String name, EndpointsConfig.OfEndpoint of, EndpointRules rules, Consumer<String> whatIsWrong) {
        List<String> problems = new ArrayList<>();
        String prefix = PREFIX + name;
        if (!NAME.matcher(name).matches() || name.startsWith(Endpoints.ID_PREFIX)) {
            problems.add(prefix
                    + " must be named with 1 to 64 lower-case letters, digits, dashes and underscores, and not begin"
                    + " with " + Endpoints.ID_PREFIX + ", as those of the API do");
        }
        EndpointSettings settings = settings(of, () -> problems.add(prefix + ".amount-min must be a number"));
        for (Violation violation : rules.violations(settings)) {
            problems.add(prefix + '.' + violation.field().replace('_', '-') + ' ' + violation.detail());
        }
        Optional<SignatureVersion> version = SignatureVersion.of(of.signature());
        if (version.isEmpty()) {
            problems.add(prefix + ".signature must be v1 or v1a");
        } else if (of.secrets().isEmpty() && of.secretsFile().isEmpty()) {
            problems.add(prefix + " must have secrets or a secrets-file");
        }
        Optional<Credentials<SigningKey>> secrets = version.flatMap(known -> secrets(prefix, of, known, problems));
        problems.forEach(whatIsWrong);
        return problems.isEmpty()
                ? secrets.map(keys -> new Configured(name, settings, version.orElseThrow(), keys))
                : Optional.empty();
    }

    private static Optional<Credentials<SigningKey>> secrets(
            String prefix, EndpointsConfig.OfEndpoint of, SignatureVersion version, List<String> problems) {
        try {
            return Optional.of(new Credentials<>(prefix + ".secrets", of.secrets(), of.secretsFile(), version::parse));
        } catch (ConfigurationException wrong) {
            problems.add(String.valueOf(wrong.getMessage()));
            return Optional.empty();
        }
    }

    private static EndpointSettings settings(EndpointsConfig.OfEndpoint of, Runnable amountIsNone) {
        return new EndpointSettings(
                of.url(),
                of.description().orElse(null),
                of.events(),
                of.sources().orElse(null),
                of.types().orElse(null),
                of.currencies().orElse(null),
                of.accounts().orElse(null),
                of.amountMin().map(amount -> amount(amount, amountIsNone)).orElse(null));
    }

    private static @Nullable BigDecimal amount(String written, Runnable isNone) {
        try {
            return new BigDecimal(written);
        } catch (NumberFormatException none) {
            isNone.run();
            return null;
        }
    }

    void start(@Observes StartupEvent event) {
        if (!byName.isEmpty()) {
            Log.infof("Endpoints are configured: %s", String.join(", ", byName.keySet()));
        }
    }

    /** All of them, in the order of their names. */
    Collection<Configured> all() {
        return byName.values();
    }

    /** The keys of one of them; nothing if this replica's configuration has not got it. */
    Optional<KeyRing> keys(String name) {
        return Optional.ofNullable(byName.get(name)).map(Configured::keys);
    }

    /** One at a time: a file system that hangs must not take one thread after the other. */
    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void reload() {
        reloading.come();
    }
}
