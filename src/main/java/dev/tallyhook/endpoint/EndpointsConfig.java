package dev.tallyhook.endpoint;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.Secret;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Endpoints beside those of the API. */
@RegisterForReflection
@ConfigMapping(prefix = "tallyhook")
public interface EndpointsConfig {

    /** By their names, which are their ids. */
    Map<String, OfEndpoint> endpoints();

    /** How they are told, which says which URLs are allowed. */
    TellingConfig telling();

    /** Where one of them is, and what it is told of. */
    interface OfEndpoint {

        /** Where messages are posted to. */
        String url();

        /** {@code whsec_…} for {@code v1} and {@code whsk_…} for {@code v1a}, the newest first; each signs every message. */
        Optional<List<Secret<String>>> secrets();

        /** A file with more of them, one on a line; a change takes effect within seconds. */
        Optional<Path> secretsFile();

        /** {@code v1}, HMAC-SHA256, or {@code v1a}, Ed25519. */
        @WithDefault("v1")
        String signature();

        /** What it is told of. */
        @WithDefault("transaction.processed")
        List<String> events();

        /** Only what these sources post; {@code transactions} is the built-in one. */
        Optional<List<String>> sources();

        /** Only events of these types. */
        Optional<List<String>> types();

        /** Only amounts in these currencies. */
        Optional<List<String>> currencies();

        /** Only what goes from one of these accounts, or to one. */
        Optional<List<String>> accounts();

        /** Only this amount or more, in whatever currency. */
        Optional<String> amountMin();

        /** For people. */
        Optional<String> description();
    }
}
