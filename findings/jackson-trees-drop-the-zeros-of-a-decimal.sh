#!/usr/bin/env bash
# Jackson 2.20.1: readTree drops the zeros at the end of a decimal, with USE_BIG_DECIMAL_FOR_FLOATS as well, which is switched on to keep amounts
# exact: 1.10 becomes 1.1, and a document that is read and written again is another one, whose digest or signature does not fit. readValue into
# a BigDecimal keeps them. What keeps them in a tree is JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES, which is on by default.
# https://github.com/FasterXML/jackson-databind/wiki/JacksonFeatures, javadoc of JsonNodeFeature
# Seen: tree 1.1, value 1.10, tree without the feature 1.10.
# Fails if a tree keeps them by default. Needs mvn and a JDK, 11 or newer.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencies><dependency><groupId>com.fasterxml.jackson.core</groupId><artifactId>jackson-databind</artifactId><version>2.20.1</version></dependency></dependencies></project>
POM
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > /dev/null
cat > Decimals.java <<'JAVA'
import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import java.math.BigDecimal;

class Decimals {
    public static void main(String[] arguments) throws Exception {
        ObjectReader reader = new ObjectMapper().reader().with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);
        System.out.println("tree " + reader.readTree("1.10"));
        System.out.println("value " + reader.forType(BigDecimal.class).readValue("1.10"));
        System.out.println("tree without the feature " + reader.without(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES).readTree("1.10"));
    }
}
JAVA
seen=$(java -cp 'lib/*' Decimals.java)
echo "$seen"
[[ "$seen" == $'tree 1.1\nvalue 1.10\ntree without the feature 1.10' ]] || { echo 'changed'; exit 1; }
