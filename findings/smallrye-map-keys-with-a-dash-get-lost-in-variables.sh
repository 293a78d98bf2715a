#!/usr/bin/env bash
# io.smallrye.config 3.16.0: an entry of a configuration map whose key has a dash cannot be made by environment variables alone, since the variable's
# name does not say where the key ends. APP_SOURCES_STRIPE_EU_SECRET makes no entry, and no error. The name of the property itself, as the name of a
# variable, works, and so does one property elsewhere that has the key in it; Docker, Compose and Kubernetes take such names, shells do not.
# Two underscores around the key make one with a full stop.
# https://smallrye.io/smallrye-config/Main/config/environment-variables/
# Needs a JDK 17.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$here/copy-jars" "$PWD" io.smallrye.config:smallrye-config:3.16.0
cat > Seen.java <<'JAVA'
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

public class Seen {
    @ConfigMapping(prefix = "app")
    public interface App {
        Map<String, Source> sources();

        interface Source {
            Optional<String> scheme();

            Optional<String> secret();
        }
    }

    static void show(String what, Map<String, String> variables, Map<String, String> properties) {
        String seen;
        try {
            var config = new SmallRyeConfigBuilder()
                    .addDefaultInterceptors()
                    .withSources(new EnvConfigSource(variables, 300), new PropertiesConfigSource(properties, "file", 250))
                    .withMapping(App.class)
                    .build();
            var found = new TreeMap<String, String>();
            config.getConfigMapping(App.class).sources().forEach((key, source) -> found.put(key, source.secret().orElse("none")));
            seen = found.toString();
        } catch (RuntimeException failure) {
            seen = failure.getClass().getSimpleName();
        }
        System.out.println(what + ": " + seen);
    }

    public static void main(String[] arguments) {
        show("a key without a dash", Map.of("APP_SOURCES_STRIPE_SECRET", "x"), Map.of());
        show("with a dash", Map.of("APP_SOURCES_STRIPE_EU_SECRET", "x"), Map.of());
        show("with two underscores around it", Map.of("APP_SOURCES__STRIPE_EU__SECRET", "x"), Map.of());
        show("as the property is called", Map.of("app.sources.stripe-eu.secret", "x"), Map.of());
        show("with a property of it in a file", Map.of("APP_SOURCES_STRIPE_EU_SECRET", "x"), Map.of("app.sources.stripe-eu.scheme", "stripe"));
    }
}
JAVA
seen=$(java -cp 'lib/*' Seen.java)
echo "$seen"
[[ "$seen" == 'a key without a dash: {stripe=x}
with a dash: {}
with two underscores around it: {stripe.eu=x}
as the property is called: {stripe-eu=x}
with a property of it in a file: {stripe-eu=x}' ]] || { echo 'changed'; exit 1; }
