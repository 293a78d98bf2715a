#!/usr/bin/env bash
# Quarkus REST 3.33.2: a method that a resource does not have is answered 405 without an Allow header. RFC 9110 section 15.5.6 wants one in
# every 405, and clients that look for what they may do find nothing. OPTIONS has one; but of a resource that takes POST alone it names HEAD
# too, which is answered 405 itself.
# Seen: GET, HEAD and PUT: 405, no Allow. OPTIONS: 200, Allow: HEAD, POST, OPTIONS.
# Needs a JDK 17 and curl.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
maven=$here/../mvnw
work=$(mktemp -d)
trap 'kill -9 "${service:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
mkdir -p src/main/java
"$here/quarkus-pom" quarkus-rest > pom.xml
cat > src/main/java/Hook.java <<'JAVA'
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;

@Path("/hook")
public class Hook {
    @POST
    public String post(String body) {
        return "POST " + body.length();
    }
}
JAVA
"$maven" -B -q -ntp package
java -Dquarkus.http.port=18080 -jar target/quarkus-app/quarkus-run.jar > log 2>&1 &
service=$!
for _ in $(seq 60); do curl -s -d 1 http://localhost:18080/hook >/dev/null && break; sleep 0.5; done

# Its status, and what it says is allowed.
answer() {
    curl -s -o /dev/null -D head "$@" http://localhost:18080/hook
    echo "$(awk 'NR == 1 {print $2}' head), $(tr -d '\r' < head | grep -i '^allow:' | cut -d' ' -f2- || echo 'no Allow')"
}
expect() { [[ "$2" == "$3" ]] || { echo "changed: $1 gave '$2', and not '$3'"; exit 1; }; echo "$1: $2"; }
expect GET "$(answer)" '405, no Allow'
expect HEAD "$(answer -I)" '405, no Allow'
expect PUT "$(answer -X PUT -d 1)" '405, no Allow'
expect OPTIONS "$(answer -X OPTIONS)" '200, HEAD, POST, OPTIONS'
