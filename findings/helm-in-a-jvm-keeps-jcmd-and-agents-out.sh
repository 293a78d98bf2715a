#!/usr/bin/env bash
# helm-java 0.0.21: Helm, which is written in Go, as a library in the JVM. Once it has rendered a chart, the JVM does not answer the signal any more by which jcmd, jstack and
# agents ask to be let in (SIGQUIT, JDK's "dynamic attach"), nor does it print its threads for kill -QUIT. So whatever attaches an agent to its own process later fails:
# Mockito's inline mocks, Byte Buddy, Jazzer, in a test that has nothing to do with Helm and is only in the same JVM.
# Seen: "before Helm: jcmd is answered, threads are printed"; "after Helm: jcmd is not answered, threads are not printed".
# Fails if the first is not so, or the second is no longer. Needs Linux on x86-64 and a JDK, 17 or newer; takes some 15 s.
set -euo pipefail
dir=$(mktemp -d); trap 'kill -9 $(jobs -p) 2>/dev/null || :; rm -rf "$dir"' EXIT
"$(dirname "$0")/copy-jars" "$dir" com.marcnuri.helm-java:helm-java:0.0.21
cd "$dir"
mkdir tmp
cat > Loads.java <<'JAVA'
class Loads {
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0) {
            // Creating a chart alone does not do it, rendering one does.
            com.marcnuri.helm.Helm.create().withName("chart").withDir(java.nio.file.Path.of("tmp")).call().template().call();
        }
        java.nio.file.Files.createFile(java.nio.file.Path.of("ready"));
        Thread.sleep(60_000);
    }
}
JAVA
javac -cp 'lib/*' Loads.java
seen() {
    rm -f ready
    java -Djava.io.tmpdir=tmp -cp '.:lib/*' Loads "$@" > output 2>&1 &
    local jvm=$!
    for _ in $(seq 300); do [ -e ready ] && break; sleep 0.1; done
    [ -e ready ] || { cat output >&2; return 1; }
    kill -QUIT "$jvm"
    sleep 1
    local threads='are not' answered='is not'
    grep -q 'Full thread dump' output && threads='are'
    timeout 15 jcmd "$jvm" VM.version > answer 2>&1 && grep -q '^JDK ' answer && answered='is'
    kill -9 "$jvm"
    wait "$jvm" 2>/dev/null || :
    echo "jcmd $answered answered, threads $threads printed"
}
before=$(seen)
after=$(seen helm)
echo "before Helm: $before"
echo "after Helm: $after"
[ "$before" = 'jcmd is answered, threads are printed' ]
[ "$after" = 'jcmd is not answered, threads are not printed' ] || { echo 'changed: a JVM with Helm can be attached to'; exit 1; }
