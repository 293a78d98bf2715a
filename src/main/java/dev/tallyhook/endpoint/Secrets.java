package dev.tallyhook.endpoint;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Opens and seals the keys of endpoints, and tells once of each that cannot be opened. */
@ApplicationScoped
class Secrets {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    private final SecretBox box;
    private final Tick reloading;

    /** Those that were told of; there are as many endpoints at most. */
    private final Set<String> told = ConcurrentHashMap.newKeySet();

    Secrets(TellingConfig config, Ticks ticks) {
        box = new SecretBox(config, LaunchMode.current());
        reloading = ticks.every(PERIOD, "telling keys", box::reload);
    }

    void start(@Observes StartupEvent event) {
        if (box.isForgotten()) {
            Log.infof(
                    "The secrets of endpoints are sealed with a key that is made up, and lost with this process: %s is not set",
                    SecretBox.SETTING);
        }
    }

    /** What they are sealed with. */
    SecretBox box() {
        return box;
    }

    /** Whether anything can be sealed. */
    boolean canSeal() {
        return box.canSeal();
    }

    byte[] seal(String endpointId, KeyRing keys) {
        return box.seal(endpointId, keys.write());
    }

    /** Nothing if no key of this replica opens them: others may be able to. */
    Optional<KeyRing> open(String endpointId, SignatureVersion version, byte[] sealed) {
        Optional<KeyRing> opened = box.open(endpointId, sealed).map(written -> KeyRing.read(version, written));
        if (opened.isPresent()) {
            told.remove(endpointId);
        } else if (told.add(endpointId)) {
            Log.errorf(
                    "The secrets of endpoint %s cannot be opened, and this replica signs nothing for it: the key that sealed"
                            + " them is none of %s. Rotating them makes new ones",
                    endpointId, SecretBox.SETTING);
        }
        return opened;
    }

    /** One at a time: a file system that hangs must not take one thread after the other. */
    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void reload() {
        reloading.come();
    }
}
