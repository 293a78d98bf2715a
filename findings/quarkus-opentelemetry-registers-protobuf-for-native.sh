#!/usr/bin/env bash
# Quarkus 3.33.2: an application that has quarkus-opentelemetry, and nothing that speaks gRPC or Protocol Buffers, has every message class of
# com.google.protobuf registered for reflection in its native build, most with all constructors, methods and fields, and so has the channel
# provider of grpc-netty: what is registered is compiled into the binary, although the exporter encodes its messages without that library.
# It cannot be left out: without the artifacts the build step that registers them does not find its classes.
# Seen: 200 classes with the extension, none without. No GraalVM is needed, because the sources of a native build tell.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
maven=$here/../mvnw
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

registered() { # the extension; how many classes of the library the native build of an application registers that has it
    rm -rf target
    "$here/quarkus-pom" quarkus-rest "$1" > pom.xml
    "$maven" -B -q -ntp package -Dquarkus.native.enabled=true -Dquarkus.native.sources-only=true >&2
    unzip -p target/native-sources/*-runner.jar META-INF/native-image/reflect-config.json |
        { grep -oE '"name" ?: ?"com\.google\.protobuf\.[^"]+"' || true; } | sort -u | wc -l
}

with=$(registered quarkus-opentelemetry)
without=$(registered quarkus-scheduler)
echo "classes of com.google.protobuf registered: $with with quarkus-opentelemetry, $without without"
((with == 200 && without == 0)) || { echo 'changed'; exit 1; }
