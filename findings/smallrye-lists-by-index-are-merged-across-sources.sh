#!/usr/bin/env bash
# io.smallrye.config 3.16.0: a list whose elements have an index in the file (secrets[0], secrets[1] …) is not replaced by a variable that has an index too, but merged
# with it, element by element. Who sets APP_SECRETS_0_ to a new secret keeps the file's second and third, which may be those to get rid of; and no variable by
# index makes a list shorter. An index beyond the end is appended. A variable with commas (APP_SECRETS) replaces the whole, and so does one by index
# where the file has commas, so the same variable means two things, depending on how somebody else has written a file.
# Seen: [new, two, three] for a variable by index before a file by index, [new] where one of both has commas.
# Needs a JDK 17.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$here/copy-jars" "$PWD" io.smallrye.config:smallrye-config:3.16.0
cat > Seen.java <<'JAVA'
import io.smallrye.config.EnvConfigSource;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;

public class Seen {
    private static final Map<String, String> BY_INDEX = Map.of("app.secrets[0]", "one", "app.secrets[1]", "two", "app.secrets[2]", "three");
    private static final Map<String, String> BY_COMMAS = Map.of("app.secrets", "one,two,three");

    static void show(String what, Map<String, String> variables, Map<String, String> properties) {
        var config = new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .withSources(new EnvConfigSource(variables, 300), new PropertiesConfigSource(properties, "file", 250))
                .build();
        System.out.println(what + ": " + config.getValues("app.secrets", String.class));
    }

    public static void main(String[] arguments) {
        show("a variable by index, a file by index", Map.of("APP_SECRETS_0_", "new"), BY_INDEX);
        show("a variable with an index beyond the end", Map.of("APP_SECRETS_7_", "new"), BY_INDEX);
        show("a variable by commas, a file by index", Map.of("APP_SECRETS", "new"), BY_INDEX);
        show("a variable by index, a file by commas", Map.of("APP_SECRETS_0_", "new"), BY_COMMAS);
        show("a variable by commas, a file by commas", Map.of("APP_SECRETS", "new"), BY_COMMAS);
    }
}
JAVA
seen=$(java -cp 'lib/*' Seen.java)
echo "$seen"
[[ "$seen" == 'a variable by index, a file by index: [new, two, three]
a variable with an index beyond the end: [one, two, three, new]
a variable by commas, a file by index: [new]
a variable by index, a file by commas: [new]
a variable by commas, a file by commas: [new]' ]] || { echo 'changed'; exit 1; }
