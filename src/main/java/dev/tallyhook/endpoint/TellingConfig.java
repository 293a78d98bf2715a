package dev.tallyhook.endpoint;

import dev.tallyhook.settings.Within;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.Secret;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** How endpoints are told. */
@RegisterForReflection
@ConfigMapping(prefix = "tallyhook.telling")
public interface TellingConfig {

    /** What secrets of endpoints are sealed with, 32 bytes each in Base64, the newest first: the others open what they have sealed. */
    Optional<List<Secret<String>>> keys();

    /** A file with more of them, one on a line; a change takes effect within seconds. */
    Optional<Path> keysFile();

    /** Whether {@code http} is allowed beside {@code https}. */
    @WithDefault("false")
    boolean allowHttp();

    /** The ports that may be connected to: numbers and ranges, with commas. */
    @WithDefault("443,1024-65535")
    List<String> allowPorts();

    /** Networks (CIDR) that may be connected to although they are not public. */
    Optional<List<String>> allowedNetworks();

    /** Networks (CIDR) that may not be connected to although they are public; they count before those allowed. */
    Optional<List<String>> deniedNetworks();

    /** From the connection to the last byte of the answer. */
    @WithDefault("PT15S")
    @Within(min = "PT1S", max = "PT60S")
    Duration timeout();

    /** For the name, and for the connection with its handshakes; part of {@link #timeout}. */
    @WithDefault("PT3S")
    @Within(min = "PT0.1S", max = "PT60S")
    Duration connectTimeout();

    /** The waits between tries of a message, of which the last is the last: then it is a dead letter. Up to a fifth longer each. */
    @WithDefault("PT5S,PT5M,PT30M,PT2H,PT5H,PT10H,PT14H,PT20H,P1D")
    List<Duration> retries();

    /** Without one success for so long, an endpoint is switched off. */
    @WithDefault("P5D")
    @Within(min = "PT1M", max = "P365D")
    Duration disableAfter();

    /** Attempts under way at once, of all endpoints. */
    @WithDefault("256")
    @Within(min = "1", max = "4096")
    int inFlightMax();

    /** Attempts under way at once, of one endpoint. */
    @WithDefault("64")
    @Within(min = "1", max = "1024")
    int inFlightPerEndpointMax();

    /** The TLS configuration ({@code quarkus.tls.<name>}) with own authorities and a client certificate; unless said, the JVM's authorities. */
    Optional<String> tlsConfigurationName();

    /** How long the last attempts are kept to be looked at. */
    @WithDefault("P1D")
    @Within(min = "PT1M", max = "P365D")
    Duration keepAttempts();
}
