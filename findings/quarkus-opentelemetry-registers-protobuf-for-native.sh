#!/usr/bin/env bash
# Quarkus 3.33.2: an application that has quarkus-opentelemetry, and nothing that speaks gRPC or Protocol Buffers, has every message class of
# com.google.protobuf registered for reflection in its native build, most with all constructors, methods and fields, and so has the channel
# provider of grpc-netty: what is registered is compiled into the binary, although the exporter encodes its messages without that library.
# It cannot be left out: without the artifacts the build step that registers them does not find its classes.
# Seen: 200 classes with the extension, none without. No GraalVM is needed, because the sources of a native build tell.
set -euo pipefail
maven=$(cd "$(dirname "$0")/.." && pwd)/mvnw
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

registered() { # the extension; how many classes of the library the native build of an application registers that has it
    rm -rf target
    cat > pom.xml <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>example</groupId><artifactId>protobuf</artifactId><version>1</version>
  <properties><maven.compiler.release>17</maven.compiler.release><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
  <dependencyManagement><dependencies><dependency>
    <groupId>io.quarkus.platform</groupId><artifactId>quarkus-bom</artifactId><version>3.33.2</version><type>pom</type><scope>import</scope>
  </dependency></dependencies></dependencyManagement>
  <dependencies>
    <dependency><groupId>io.quarkus</groupId><artifactId>quarkus-rest</artifactId></dependency>
    <dependency><groupId>io.quarkus</groupId><artifactId>$1</artifactId></dependency>
  </dependencies>
  <build><plugins><plugin>
    <groupId>io.quarkus.platform</groupId><artifactId>quarkus-maven-plugin</artifactId><version>3.33.2</version><extensions>true</extensions>
    <executions><execution><goals><goal>build</goal></goals></execution></executions>
  </plugin></plugins></build>
</project>
POM
    "$maven" -B -q -ntp package -Dquarkus.native.enabled=true -Dquarkus.native.sources-only=true >&2
    unzip -p target/native-sources/*-runner.jar META-INF/native-image/reflect-config.json |
        { grep -oE '"name" ?: ?"com\.google\.protobuf\.[^"]+"' || true; } | sort -u | wc -l
}

with=$(registered quarkus-opentelemetry)
without=$(registered quarkus-scheduler)
echo "classes of com.google.protobuf registered: $with with quarkus-opentelemetry, $without without"
((with == 200 && without == 0)) || { echo 'changed'; exit 1; }
