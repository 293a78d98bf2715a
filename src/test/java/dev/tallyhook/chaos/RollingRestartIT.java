package dev.tallyhook.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.packaged.DatabaseServer;
import dev.tallyhook.packaged.Nginx;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two replicas behind nginx are replaced again and again, the new one first, as a Deployment does it, and no sender notices. */
@Tag("whole-machine")
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
        Nginx.assumeInstalled();
    }

    /** As an operator is told to set nginx up: docs/running.md says the same. */
    @Test
    void behind_a_balancer_that_tries_the_next_replica_no_request_fails() throws Exception {
        try (var stage = new Stage(3, DELAY, directory, Stage.server(), (server, wire) -> environment(server))) {
            Queue<Replica> serving = new ArrayDeque<>(stage.replicas);
            Replica next = serving.remove();
            next.stop();
            try (var nginx = nginx(stage.replicas)) {
                stage.send(List.of(nginx.port()), PER_SECOND, 1);
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
                verdict.assertNoViolation(ROLLS + " rolling restarts");
                assertEquals(
                        Set.of("200", "202", "409"),
                        verdict.history().outcomes().keySet(),
                        stage.logs::toString);
            }
        }
    }

    /** No network is to fail here, and none in between leaves the senders more of the processors. */
    private static Map<String, String> environment(DatabaseServer server) {
        return Stage.environment("localhost:" + server.port() + "/" + Stage.DATABASE, DELAY);
    }

    private Nginx nginx(List<Replica> replicas) throws Exception {
        String servers = replicas.stream()
                .map(replica -> "server 127.0.0.1:" + replica.port() + " max_fails=0;")
                .collect(Collectors.joining("\n"));
        return new Nginx(directory, """
                proxy_pass http://tallyhook;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_connect_timeout 1s;
                proxy_read_timeout 5s;
                proxy_next_upstream error timeout http_503 non_idempotent;
                """, """
                upstream tallyhook {
                    least_conn;
                    %s
                    keepalive 32;
                }
                """.formatted(servers));
    }
}
