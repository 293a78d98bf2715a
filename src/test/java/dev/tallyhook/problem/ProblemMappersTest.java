package dev.tallyhook.problem;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.LogLines;
import io.quarkus.runtime.ShutdownEvent;
import org.junit.jupiter.api.Test;

class ProblemMappersTest {

    @Test
    void what_fails_because_everything_is_being_taken_down_is_no_fault() {
        var shutdown = new Shutdown();
        var mappers = new ProblemMappers(shutdown);
        var closed = new IllegalStateException("EntityManagerFactory is closed");
        try (var log = new LogLines("dev.tallyhook.problem")) {
            assertEquals(500, mappers.unexpected(closed).getStatus());
            assertEquals(1, log.with("Request failed"), log::toString);

            shutdown.begin(new ShutdownEvent());
            var answer = mappers.unexpected(closed);
            assertEquals(503, answer.getStatus());
            assertEquals("1", answer.getHeaderString("Retry-After"));
            assertEquals(1, log.with("Request failed"), log::toString);
        }
    }
}
