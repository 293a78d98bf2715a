#!/usr/bin/env bash
# Quarkus 3.33.2, quarkus.http.insecure-requests=redirect: a POST to the plain port is answered 301. RFC 9110 section 15.4.2 lets a client
# turn a POST that is answered so into a GET, and clients do: curl -L, fetch of Node.js and Python's urllib follow with a GET and no body,
# so what was posted is lost, without an error if the address takes a GET. 308 (section 15.4.9) keeps method and body.
# Seen: status 301; curl -L, node and python3 arrive as GET, with 0 bytes.
# Needs a JDK 17, curl, openssl; node and python3 are left out where they are absent.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
maven=$here/../mvnw
work=$(mktemp -d)
trap 'kill -9 "${service:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
mkdir -p src/main/java src/main/resources
"$here/quarkus-pom" quarkus-rest > pom.xml
cat > src/main/java/Arrivals.java <<'JAVA'
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;

@Path("/hook")
public class Arrivals {
    @GET
    public String get() {
        return "GET 0";
    }

    @POST
    public String post(String body) {
        return "POST " + body.length();
    }
}
JAVA
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2>/dev/null
cat > src/main/resources/application.properties <<PROPERTIES
quarkus.http.port=18080
quarkus.http.ssl-port=18443
quarkus.http.insecure-requests=redirect
quarkus.tls.key-store.pem.server.cert=$work/cert.pem
quarkus.tls.key-store.pem.server.key=$work/key.pem
PROPERTIES
"$maven" -B -q -ntp package
java -jar target/quarkus-app/quarkus-run.jar > log 2>&1 &
service=$!
for _ in $(seq 60); do curl -ks https://localhost:18443/hook >/dev/null && break; sleep 0.5; done

expect() { [[ "$2" == "$3" ]] || { echo "changed: $1 gave '$2', and not '$3'"; exit 1; }; echo "$1: $2"; }
expect 'status of a POST' "$(curl -s -o /dev/null -w '%{http_code}' -d 12345 http://localhost:18080/hook)" 301
expect 'curl -L -d' "$(curl -ksL -d 12345 http://localhost:18080/hook)" 'GET 0'
if command -v node >/dev/null; then
    expect 'fetch of Node.js' "$(NODE_EXTRA_CA_CERTS=cert.pem node -e 'fetch("http://localhost:18080/hook",{method:"POST",body:"12345"}).then(a=>a.text()).then(t=>console.log(t))')" 'GET 0'
fi
if command -v python3 >/dev/null; then
    expect "Python's urllib" "$(SSL_CERT_FILE=cert.pem python3 -c 'import urllib.request as u; print(u.urlopen("http://localhost:18080/hook", data=b"12345").read().decode())')" 'GET 0'
fi
