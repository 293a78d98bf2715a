package dev.tallyhook.source;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.access.RequestMemory;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import dev.tallyhook.source.scheme.Schemes;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Clock;
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

/** All named senders, as they are configured. */
@Singleton
public class Sources {

    /** The built-in one. */
    private static final String BUILT_IN = "transactions";

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?");

    private static final Duration RELOAD_PERIOD = Duration.ofSeconds(1);

    /** What was made of the settings as they were checked, and is taken by the one bean that is made of the same ones. */
    private static final AtomicReference<@Nullable Made> CHECKED = new AtomicReference<>();

    /** Of those settings: each scheme once, because some of them read a lot, such as PayPal's the certificates that are trusted. */
    record Made(SourcesConfig config, Map<String, Source> byName, List<Credentials<?>> credentials) {

        static Made of(SourcesConfig config, Consumer<ConfigurationException> whatIsWrong) {
            var made = new Made(config, new TreeMap<>(), new ArrayList<>());
            config.sources().forEach((name, of) -> {
                try {
                    made.byName.put(name, source(name, of, made.credentials::add));
                } catch (ConfigurationException wrong) {
                    whatIsWrong.accept(wrong);
                }
            });
            return made;
        }
    }

    private final Map<String, Source> byName;
    private final Tick reloading;

    Sources(SourcesConfig config, Ticks ticks) {
        Made made = made(config);
        byName = made.byName;
        reloading = ticks.every(RELOAD_PERIOD, "sources' secrets", () -> made.credentials.forEach(Credentials::reload));
    }

    /** What is wrong with the settings, a line for each source: said as they are read, and not after a database was waited for. */
    public static List<String> problems(SourcesConfig config) {
        List<String> problems = new ArrayList<>();
        Made made = Made.of(config, wrong -> problems.add(String.valueOf(wrong.getMessage())));
        CHECKED.set(problems.isEmpty() ? made : null);
        return problems;
    }

    /**
     * All of them, as they were checked if these are the settings that were; those of another reading are not.
     *
     * @throws ConfigurationException if one is wrong
     */
    static Made made(SourcesConfig config) {
        Made checked = CHECKED.getAndSet(null);
        return checked != null && checked.config == config
                ? checked
                : Made.of(config, wrong -> {
                    throw wrong;
                });
    }

    private static Source source(String name, SourcesConfig.OfSource config, Consumer<Credentials<?>> reloaded) {
        var context = new SchemeContext(name, config, Clock.systemUTC(), reloaded);
        if (!isName(name) || name.equals(BUILT_IN)) {
            throw new ConfigurationException("tallyhook.sources." + name
                    + " must be named with 1 to 32 lower-case letters, digits and dashes, and not " + BUILT_IN
                    + ", which is the built-in source");
        }
        long largest = RequestMemory.shared().largest();
        long bodySizeMax = config.bodySizeMax().asLongValue();
        if (bodySizeMax < 1 || bodySizeMax > largest) {
            throw context.refuse("body-size-max", "must be from 1 to " + largest + " bytes, an eighth of the heap");
        }
        return new Source(name, config.scheme(), Schemes.of(context), bodySizeMax);
    }

    /** Whether a source may be called so; the built-in one is, and no other may be called as it is. */
    public static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    void start(@Observes StartupEvent event) {
        if (!byName.isEmpty()) {
            Log.infof("Webhooks are taken of %s", String.join(", ", byName.keySet()));
        }
    }

    /** The one of that name. */
    public Optional<Source> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /** All of them, in the order of their names. */
    public Collection<Source> all() {
        return byName.values();
    }

    /** Whether an id belongs to one of them, so that the built-in source's senders may not take it. */
    public boolean owns(String transactionId) {
        int colon = transactionId.indexOf(':');
        return colon > 0 && byName.containsKey(transactionId.substring(0, colon));
    }

    /** One at a time: a file system that hangs must not take one thread after the other. */
    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void reload() {
        reloading.come();
    }
}
