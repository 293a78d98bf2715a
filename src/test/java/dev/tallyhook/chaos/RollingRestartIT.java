package dev.tallyhook.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Programs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two replicas behind nginx are replaced again and again, the new one first, as a Deployment does it, and no sender notices. */
class RollingRestartIT {

    private static final int ROLLS = Integer.getInteger("chaos.rolls", 2);
    private static final int PER_SECOND = Integer.getInteger("chaos.rolling-rate", 300);

    private static final Duration DELAY = Duration.ofSeconds(3);

    /** A sender's JVM needs so long to come to speed; what it would take from the replicas is not theirs to lose. */
    private static final Duration WARM_UP = Duration.ofSeconds(10);

    /** As long as a new replica serves before an old one is stopped; the Deployment in {@code deploy/} waits for longer. */
    private static final Duration READY_MIN = Duration.ofSeconds(3);

    @TempDir
    Path directory;

    @BeforeEach
    void is_installed() {
        Programs.assumeInstalled("nginx", "nginx-light");
    }

    /** As an operator is told to set nginx up: the README says the same. */
    @Test
    void behind_a_balancer_that_tries_the_next_replica_no_request_fails() throws Exception {
        int port = DatabaseServer.freePort();
        try (var stage = new Stage(3, DELAY, directory, Stage.server(), (server, wire) -> environment(server))) {
            Queue<Replica> serving = new ArrayDeque<>(stage.replicas);
            Replica next = serving.remove();
            next.stop();
            Process nginx = nginx(port, stage.replicas);
            try {
                stage.send(List.of(port), PER_SECOND, 1);
                Thread.sleep(WARM_UP.toMillis());
                for (int i = 0; i < 2 * ROLLS; i++) {
                    next.start();
                    Thread.sleep(READY_MIN.toMillis());
                    serving.add(next);
                    next = serving.remove();
                    next.stop();
                }
                Verdict verdict = stage.judge(List.of());
                System.out.printf(
                        "rolling restarts: %d, %s, %d not within 500 ms%n",
                        ROLLS, verdict.history().outcomes(), verdict.history().slow());
                assertEquals(List.of(), verdict.violations(), stage.logs::toString);
                assertEquals(Set.of("202", "409"), verdict.history().outcomes().keySet(), stage.logs::toString);
            } finally {
                nginx.destroy();
                nginx.waitFor();
            }
        }
    }

    /** No network is to fail here, and none in between leaves the senders more of the processors. */
    private static Map<String, String> environment(DatabaseServer server) {
        return Stage.environment("localhost:" + server.port() + "/" + Stage.DATABASE, DELAY);
    }

    private Process nginx(int port, List<Replica> replicas) throws Exception {
        Path configuration = directory.resolve("nginx.conf");
        Files.writeString(configuration, """
                daemon off;
                pid %1$s/nginx.pid;
                error_log %1$s/error.log;
                events { worker_connections 4096; }
                http {
                    access_log off;
                    client_body_temp_path %1$s/body;
                    proxy_temp_path %1$s/proxy;
                    fastcgi_temp_path %1$s/fastcgi;
                    uwsgi_temp_path %1$s/uwsgi;
                    scgi_temp_path %1$s/scgi;
                    upstream tallyhook {
                        least_conn;
                        %2$s
                        keepalive 32;
                    }
                    server {
                        listen 127.0.0.1:%3$d;
                        location / {
                            proxy_pass http://tallyhook;
                            proxy_http_version 1.1;
                            proxy_set_header Connection "";
                            proxy_connect_timeout 1s;
                            proxy_read_timeout 5s;
                            proxy_next_upstream error timeout http_503 non_idempotent;
                        }
                    }
                }
                """.formatted(
                        directory,
                        replicas.stream()
                                .map(replica -> "server 127.0.0.1:" + replica.port() + " max_fails=0;")
                                .collect(Collectors.joining("\n        ")),
                        port));
        var nginx = new ProcessBuilder("nginx", "-p", directory.toString(), "-c", configuration.toString())
                .inheritIO()
                .start();
        Programs.awaitPort(port);
        return nginx;
    }
}
