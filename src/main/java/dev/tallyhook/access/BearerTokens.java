package dev.tallyhook.access;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * The tokens that open what reads, and those that may do something else as well. They are kept as digests, so that comparing tells
 * nothing of their length either.
 */
@Singleton
class BearerTokens {

    /** RFC 6750 section 2.1, with a length that cannot be guessed. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]{16,512}=*");

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** In bytes: enough to tell 16 tokens apart, and nothing to find one by. */
    private static final int FINGERPRINT_LENGTH = 6;

    private final Credentials<byte[]> readers;
    private final Credentials<byte[]> holders;
    private final Credentials<byte[]> rawReaders;
    private final Credentials<byte[]> writers;
    private final Tick reloading;

    BearerTokens(AccessConfig config, Ticks ticks) {
        readers = new Credentials<>(
                "tallyhook.api.tokens", config.api().tokens(), config.api().tokensFile(), BearerTokens::parse);
        holders = new Credentials<>(
                "tallyhook.api.hold-tokens",
                config.api().holdTokens(),
                config.api().holdTokensFile(),
                BearerTokens::parse);
        rawReaders = new Credentials<>(
                "tallyhook.api.raw-tokens",
                config.api().rawTokens(),
                config.api().rawTokensFile(),
                BearerTokens::parse);
        writers = new Credentials<>(
                "tallyhook.api.write-tokens",
                config.api().writeTokens(),
                config.api().writeTokensFile(),
                BearerTokens::parse);
        reloading = ticks.every(PERIOD, "tokens", this::reloadAll);
    }

    private static byte[] parse(String token) {
        if (!TOKEN.matcher(token).matches()) {
            throw new IllegalArgumentException("must be 16 to 512 letters, digits or any of -._~+/");
        }
        return digest(token);
    }

    void start(@Observes StartupEvent event) {
        // Reads the tokens now, so that a wrong one stops the start and not the first reader.
        Log.debugf("Readers are held against %s, %s, %s and %s", readers, holders, rawReaders, writers);
    }

    /** Without any of any kind, everyone may do everything. */
    boolean areRequired() {
        return !readers.current().isEmpty()
                || !holders.current().isEmpty()
                || !rawReaders.current().isEmpty()
                || !writers.current().isEmpty();
    }

    /** Whether it may read; always held against all of them, whole. */
    boolean mayRead(String token) {
        return isOneOf(readers, token);
    }

    /** Whether it may hold and release, and read; always held against all of them, whole. */
    boolean mayHold(String token) {
        return isOneOf(holders, token);
    }

    /** Whether it may read requests as they came, and what else is read; always held against all of them, whole. */
    boolean mayReadRaw(String token) {
        return isOneOf(rawReaders, token);
    }

    /** Whether it may change who is told, and read; always held against all of them, whole. */
    boolean mayWrite(String token) {
        return isOneOf(writers, token);
    }

    private static boolean isOneOf(Credentials<byte[]> digests, String token) {
        byte[] asked = digest(token);
        boolean found = false;
        for (byte[] digest : digests.current()) {
            found |= MessageDigest.isEqual(digest, asked);
        }
        return found;
    }

    /** What a record may say of who showed it: the first 12 hexadecimal digits of its SHA-256. */
    static String fingerprint(String token) {
        return HexFormat.of().formatHex(Arrays.copyOf(digest(token), FINGERPRINT_LENGTH));
    }

    private static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.ISO_8859_1));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }

    /** One at a time: a file system that hangs must not take one thread after the other. */
    @Scheduled(every = "1s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void reload() {
        reloading.come();
    }

    private void reloadAll() {
        readers.reload();
        holders.reload();
        rawReaders.reload();
        writers.reload();
    }
}
