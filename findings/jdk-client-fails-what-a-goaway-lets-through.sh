#!/usr/bin/env bash
# The JDK's java.net.http.HttpClient before 17.0.17, 21.0.8 and 24, with HTTP/2: a server that is about to stop sends a GOAWAY without an error that names the highest
# stream there can be, so that what is under way is still answered (RFC 9113 section 6.8). The client takes it for the end: the request under way fails at once with
# an IOException, though its answer comes, and for a POST the caller cannot know whether it was done (JDK-8335181). Every rolling restart meets it.
# Seen with Vert.x 4.5.27 as the server: on 17.0.15 "GOAWAY received" at once, on 25.0.3 the answer.
# Needs a JDK 17 or newer; which one decides what is expected.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$here/copy-jars" . io.vertx:vertx-core:4.5.27
cat > Farewell.java <<'JAVA'
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class Farewell {
    public static void main(String[] args) throws Exception {
        var vertx = Vertx.vertx();
        int port = vertx.createHttpServer(new HttpServerOptions())
                .requestHandler(request -> {
                    if (request.path().equals("/last")) {
                        request.connection().goAway(0, Integer.MAX_VALUE);
                        vertx.setTimer(500, later -> request.response().end("done"));
                    } else {
                        request.response().end("first");
                    }
                })
                .listen(0, "localhost").toCompletionStage().toCompletableFuture().get().actualPort();
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
        var first = client.send(request(port, "/first").build(), HttpResponse.BodyHandlers.ofString()); // This one becomes HTTP/2.
        System.out.println("JDK " + Runtime.version() + ", " + first.version());
        String seen;
        try {
            seen = client.send(request(port, "/last").POST(HttpRequest.BodyPublishers.ofString("x")).build(), HttpResponse.BodyHandlers.ofString()).body();
        } catch (IOException e) {
            seen = e.toString();
        }
        System.out.println("the request under way: " + seen);
        System.exit(first.version() == HttpClient.Version.HTTP_2 && (isMended(Runtime.version()) ? seen.equals("done") : seen.endsWith("GOAWAY received")) ? 0 : 1);
    }

    private static HttpRequest.Builder request(int port, String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
    }

    private static boolean isMended(Runtime.Version jdk) {
        return switch (jdk.feature()) {
            case 17 -> jdk.update() >= 17;
            case 21 -> jdk.update() >= 8;
            default -> jdk.feature() >= 24;
        };
    }
}
JAVA
"${JAVA_HOME:+$JAVA_HOME/bin/}java" -cp "lib/*" Farewell.java 2> errors || { cat errors; echo 'changed'; exit 1; }
