package dev.tallyhook.source;

import io.quarkus.runtime.annotations.RegisterForReflection;
import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.Secret;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Named senders beside the built-in one. */
@RegisterForReflection
@ConfigMapping(prefix = "tallyhook")
public interface SourcesConfig {

    /** By their names, which are those of their paths: {@code /v1/webhooks/<name>}. */
    Map<String, OfSource> sources();

    /** How one of them signs, and what its scheme needs beside that. */
    interface OfSource {

        /** Which provider's rules: {@code stripe}, {@code adyen}, …, or {@code hmac} for one that nobody has written rules for. */
        String scheme();

        /** What it signs with, the newest first; a webhook is taken if one of them fits. */
        Optional<List<Secret<String>>> secrets();

        /** A file with more of them, one on a line; a change takes effect within seconds. */
        Optional<Path> secretsFile();

        /** How far a timestamp that is signed may be from this replica's clock, in either direction. Unless said, the provider's own. */
        Optional<Duration> tolerance();

        /** The largest body that is read; a larger one is answered 413. */
        @WithDefault("1M")
        MemorySize bodySizeMax();

        /** Where the provider posts to, as it is set there: Square and Twilio sign it. */
        Optional<String> url();

        /** Braintree's public keys, one to four with commas: which of the signatures of a delivery is for this account. */
        Optional<String> publicKey();

        /** PayPal's id of this webhook, which it signs. */
        Optional<String> webhookId();

        /** A file of certificates (PEM) to trust for PayPal's, instead of the JVM's. */
        Optional<Path> trustedCertificates();

        /** {@code hmac}: the header with the signature. */
        Optional<String> header();

        /** {@code hmac}: what stands before the signature, such as {@code sha256=}. */
        @WithDefault("")
        Optional<String> prefix();

        /** {@code hmac}: {@code sha1}, {@code sha256} or {@code sha512}. */
        @WithDefault("sha256")
        String algorithm();

        /** {@code hmac}: {@code hex} or {@code base64}. */
        @WithDefault("hex")
        String encoding();

        /** {@code hmac}: how the secret is written: {@code text}, {@code hex} or {@code base64}. */
        @WithDefault("text")
        String secretEncoding();

        /**
         * {@code hmac}: what is signed, with <code>{body}</code>, <code>{url}</code>, <code>{timestamp}</code> and <code>{header:x-name}</code> in it.
         */
        @WithDefault("{body}")
        String signed();

        /** {@code hmac}: the header with a timestamp in seconds or milliseconds, which must be among what is signed. */
        Optional<String> timestampHeader();

        /**
         * JSON pointers (RFC 6901) into the body: where {@code hmac} and {@code standard-webhooks} find it. This one may also be a
         * header that is signed, by {@code header:x-name}.
         */
        Optional<String> id();

        /** As {@link #id}, a header as well. */
        Optional<String> type();

        /** A pointer, as {@link #id}. */
        Optional<String> subject();

        /** As {@link #id}: seconds or milliseconds since 1970, or RFC 3339. */
        Optional<String> occurredAt();

        /** As {@link #id}. */
        Optional<String> amount();

        /** As {@link #id}. */
        Optional<String> currency();

        /** As {@link #id}. */
        Optional<String> sourceAccount();

        /** As {@link #id}. */
        Optional<String> destinationAccount();

        /** What amounts count: {@code minor} with ISO 4217's exponents, or {@code major}. */
        @WithDefault("major")
        String unit();
    }
}
