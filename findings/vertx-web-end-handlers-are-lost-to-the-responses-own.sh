#!/usr/bin/env bash
# vertx-web 4.5.27: what RoutingContext.addEndHandler is given is run by one handler that the context sets on the response, where there is room for one alone; so the one that is
# set later takes the other's place. Where HttpServerResponse.endHandler is set after addEndHandler, none of the context's end handlers is ever run over HTTP/1.1, neither when
# the answer has been sent nor when the connection closes: what they were to release, such as counts and reserved memory, stays taken. In the other order the response's is lost.
# Seen: "context-first: [response's]" and "response-first: [context's]": of two handlers one was run.
# Fails if that changes. Needs a JDK, 17 or newer.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
"$(dirname "$0")/copy-jars" "$dir" io.vertx:vertx-web:4.5.27
cd "$dir"
cat > Ends.java <<'JAVA'
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.net.URI;
import java.net.http.*;
import java.util.*;
import java.util.concurrent.TimeUnit;

class Ends {
    public static void main(String[] arguments) throws Exception {
        var run = Collections.synchronizedSet(new TreeSet<String>());
        Vertx vertx = Vertx.vertx();
        Router router = Router.router(vertx);
        router.get("/context-first").handler(context -> {
            ofContext(context, run);
            ofResponse(context, run);
            context.response().putHeader("Connection", "close").end();
        });
        router.get("/response-first").handler(context -> {
            ofResponse(context, run);
            ofContext(context, run);
            context.response().putHeader("Connection", "close").end();
        });
        int port = vertx.createHttpServer().requestHandler(router).listen(0, "localhost").toCompletionStage().toCompletableFuture()
                .get(20, TimeUnit.SECONDS).actualPort();
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        for (String path : List.of("context-first", "response-first")) {
            run.clear();
            client.send(HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/" + path)).build(), HttpResponse.BodyHandlers.ofString());
            Thread.sleep(1_000); // The connection has been closed.
            System.out.println(path + ": " + run);
        }
        System.exit(0);
    }

    private static void ofContext(RoutingContext context, Set<String> run) {
        context.addEndHandler(end -> run.add("context's"));
    }

    private static void ofResponse(RoutingContext context, Set<String> run) {
        context.response().endHandler(end -> run.add("response's"));
    }
}
JAVA
javac -cp 'lib/*' Ends.java
java -cp '.:lib/*' Ends 2>/dev/null | tee seen
grep -qx "context-first: \[response's\]" seen && grep -qx "response-first: \[context's\]" seen || { echo 'changed'; exit 1; }
