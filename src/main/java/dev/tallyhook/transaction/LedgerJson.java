package dev.tallyhook.transaction;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.quarkus.jackson.ObjectMapperCustomizer;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.inject.Singleton;
import java.time.Instant;

/** Writes a transaction as its sender wrote it: amounts without an exponent, and every character as itself; and times by {@link Times}. */
@Singleton
@RegisterForReflection(targets = SnakeCaseStrategy.class) // The framework makes it by the name that is configured.
class LedgerJson implements ObjectMapperCustomizer {

    /** After the framework's own, of which one brings what writes times. */
    @Override
    public int priority() {
        return MINIMUM_PRIORITY;
    }

    @Override
    public void customize(ObjectMapper mapper) {
        mapper.enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
                .getFactory()
                .enable(JsonWriteFeature.COMBINE_UNICODE_SURROGATES_IN_UTF8.mappedFeature());
        mapper.registerModule(new SimpleModule().addSerializer(Instant.class, new Times()));
    }
}
