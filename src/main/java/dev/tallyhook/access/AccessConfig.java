package dev.tallyhook.access;

import dev.tallyhook.settings.Within;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.Secret;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Who may send and who may read; {@link ClosedOrSaidToBeOpen} is its rule. */
@RegisterForReflection
@ConfigMapping(prefix = "tallyhook")
public interface AccessConfig {

    /**
     * Lets production start without secrets, without tokens, or without both. What is configured is checked all the same:
     * this opens nothing that something closes.
     */
    @WithDefault("false")
    boolean openAccess();

    /** What senders sign with. */
    Webhook webhook();

    /** What readers show. */
    Api api();

    /** The keys of Standard Webhooks. */
    interface Webhook {

        /** {@code whsec_…} for HMAC-SHA256 and {@code whpk_…} for ed25519; a webhook is taken if one of them fits. */
        Optional<List<Secret<String>>> secrets();

        /** A file with more of them, one on a line; a change takes effect within seconds. */
        Optional<Path> secretsFile();

        /** How far a webhook's timestamp may be from this replica's clock, in either direction, in whole seconds. */
        @WithDefault("PT5M")
        @Within(min = "PT1S", max = "P1D")
        Duration tolerance();
    }

    /** Bearer tokens (RFC 6750). */
    interface Api {

        /** Each opens everything that reads, and nothing that changes anything. */
        Optional<List<Secret<String>>> tokens();

        /** A file with more of them, one on a line; a change takes effect within seconds. */
        Optional<Path> tokensFile();

        /** Each may hold transactions and release them, and opens what reads as well. */
        Optional<List<Secret<String>>> holdTokens();

        /** A file with more of them, as that of readers. */
        Optional<Path> holdTokensFile();

        /** Each may read events' requests as they came, which may hold personal data, and opens what reads as well. */
        Optional<List<Secret<String>>> rawTokens();

        /** A file with more of them, as that of readers. */
        Optional<Path> rawTokensFile();

        /** Each may make endpoints, change and remove them, and have them told again, and opens what reads as well. */
        Optional<List<Secret<String>>> writeTokens();

        /** A file with more of them, as that of readers. */
        Optional<Path> writeTokensFile();
    }
}
