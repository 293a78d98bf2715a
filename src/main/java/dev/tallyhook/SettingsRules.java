package dev.tallyhook;

import dev.tallyhook.access.AccessConfig;
import dev.tallyhook.access.ClosedOrSaidToBeOpen;
import dev.tallyhook.delivery.Guard;
import dev.tallyhook.endpoint.EndpointsConfig;
import dev.tallyhook.endpoint.TellingConfig;
import dev.tallyhook.endpoint.TellingRules;
import dev.tallyhook.keeping.KeepingConfig;
import dev.tallyhook.keeping.KeepingRules;
import dev.tallyhook.settings.Within;
import dev.tallyhook.source.Sources;
import dev.tallyhook.source.SourcesConfig;
import io.smallrye.config.ConfigValidationException;
import io.smallrye.config.ConfigValidationException.Problem;
import io.smallrye.config.ConfigValidator;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.config.SmallRyeConfigBuilderCustomizer;
import io.smallrye.config.common.utils.StringUtil;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Checks what the mappings of settings promise of their values, as the configuration is read and all at once. Bean Validation
 * would do it too, and bring an engine of its own to a dozen bounds, at every start and in the native binary.
 */
public final class SettingsRules implements SmallRyeConfigBuilderCustomizer, ConfigValidator {

    @Override
    public void configBuilder(SmallRyeConfigBuilder builder) {
        builder.withValidator(this);
    }

    /** @throws ConfigValidationException with a line for each setting that breaks its rule */
    @Override
    public void validateMapping(Class<?> type, String prefix, Object mapping) {
        List<Problem> problems = new ArrayList<>();
        collect(type, prefix, mapping, problems);
        if (mapping instanceof AccessConfig access) {
            ClosedOrSaidToBeOpen.problem(access)
                    .map(what -> new Problem(prefix + ' ' + what))
                    .ifPresent(problems::add);
        }
        if (mapping instanceof SourcesConfig sources) {
            Sources.problems(sources).forEach(what -> problems.add(new Problem(what)));
        }
        if (mapping instanceof EndpointsConfig endpoints) {
            TellingRules.problems(endpoints).forEach(what -> problems.add(new Problem(what)));
        }
        if (mapping instanceof TellingConfig telling) {
            Guard.problems(telling).forEach(what -> problems.add(new Problem(what)));
        }
        if (mapping instanceof KeepingConfig keeping) {
            KeepingRules.problems(keeping).forEach(what -> problems.add(new Problem(what)));
        }
        if (!problems.isEmpty()) {
            throw new ConfigValidationException(problems.toArray(Problem[]::new));
        }
    }

    private static void collect(Class<?> type, String prefix, Object mapping, List<Problem> problems) {
        for (Method member : type.getMethods()) {
            String name = prefix + '.' + StringUtil.skewer(member.getName());
            Within bounds = member.getAnnotation(Within.class);
            if (bounds != null) {
                check(name, value(member, mapping), bounds, problems);
            } else if (member.getReturnType().isInterface()
                    && member.getReturnType().getEnclosingClass() == type) {
                collect(member.getReturnType(), name, value(member, mapping), problems);
            }
        }
    }

    private static void check(String name, Object value, Within bounds, List<Problem> problems) {
        if (beyond(bounds.min(), value) > 0) {
            problems.add(new Problem(name + " must be at least " + bounds.min() + ", and is " + value));
        } else if (!bounds.max().isEmpty() && beyond(bounds.max(), value) < 0) {
            problems.add(new Problem(name + " must be at most " + bounds.max() + ", and is " + value));
        }
    }

    /** How a bound compares with the value that it is for. */
    private static int beyond(String bound, Object value) {
        return value instanceof Duration duration
                ? Duration.parse(bound).compareTo(duration)
                : Long.compare(Long.parseLong(bound), ((Number) value).longValue());
    }

    private static Object value(Method member, Object mapping) {
        try {
            member.setAccessible(true); // Most mappings are their package's own.
            return member.invoke(mapping);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("Cannot read " + member, e);
        }
    }
}
