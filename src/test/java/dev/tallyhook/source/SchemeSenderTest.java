package dev.tallyhook.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.source.scheme.Schemes;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.vertx.core.MultiMap;
import java.time.Clock;
import java.time.Duration;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who fuzzes and breaks the service signs as providers do. */
class SchemeSenderTest {

    /** What PayPal signs with is to be fetched from there. */
    static Stream<SchemeSender> senders() {
        return SchemeSender.all().stream().filter(sender -> !sender.scheme().equals("paypal"));
    }

    @Test
    void each_scheme_has_one() {
        assertEquals(
                new TreeSet<>(Schemes.names()),
                SchemeSender.all().stream().map(SchemeSender::scheme).collect(Collectors.toCollection(TreeSet::new)));
    }

    @ParameterizedTest
    @MethodSource("senders")
    void what_it_signs_is_signed_and_what_others_sign_is_not(SchemeSender sender) {
        Scheme scheme = scheme(sender);
        byte[] told = sender.sample().getBytes(UTF_8);
        assertEquals(Verdict.SIGNED, scheme.verify(delivery(sender.sign(told))));
        assertEquals(Verdict.UNSIGNED, scheme.verify(delivery(sender.signWrongly(told))));
    }

    private static Scheme scheme(SchemeSender sender) {
        SourcesConfig.OfSource config = new SmallRyeConfigBuilder()
                .withConverter(MemorySize.class, 100, new MemorySizeConverter())
                .withConverter(Duration.class, 100, new DurationConverter())
                .withSources(new EnvConfigSource(sender.environment(), 300))
                .withMapping(SourcesConfig.class)
                .build()
                .getConfigMapping(SourcesConfig.class)
                .sources()
                .get(sender.source());
        return Schemes.of(new SchemeContext(sender.source(), config, Clock.systemUTC(), reloaded -> {}));
    }

    private static Delivery delivery(SchemeSender.Signed signed) {
        MultiMap headers = MultiMap.caseInsensitiveMultiMap();
        signed.headers().forEach(headers::add);
        return new Delivery(
                headers, signed.query().isEmpty() ? null : signed.query().substring(1), signed.body());
    }
}
