package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

class ShutdownIT {

    private static final int SENDERS = 32;

    @Test
    void on_sigterm_every_request_that_was_taken_is_answered_and_the_exit_code_is_0() throws Exception {
        try (var database = DatabaseServer.migrated();
                var service = Service.start(database, Map.of())) {
            Queue<String> accepted = new ConcurrentLinkedQueue<>();
            Queue<String> unanswered = new ConcurrentLinkedQueue<>();
            Queue<String> unexpected = new ConcurrentLinkedQueue<>();
            List<Thread> senders = new ArrayList<>();
            for (int i = 0; i < SENDERS; i++) {
                String prefix = "txn_" + i + "_";
                senders.add(new Thread(() -> send(service, prefix, accepted, unanswered, unexpected)));
            }
            senders.forEach(Thread::start);
            Thread.sleep(2_000);
            service.terminate();
            assertEquals(0, service.awaitExit(), service.log());
            for (Thread sender : senders) {
                sender.join();
            }

            assertEquals(List.of(), List.copyOf(unexpected));
            assertTrue(accepted.size() > SENDERS, "there was load: " + accepted.size());
            Set<String> stored = database.texts("SELECT transaction_id FROM transactions");
            assertEquals(
                    List.of(),
                    accepted.stream().filter(id -> !stored.contains(id)).toList(),
                    "answered and lost");
            assertEquals(List.of(), unanswered.stream().filter(stored::contains).toList(), "taken and never answered");
            assertEquals(accepted.size(), stored.size());
        }
    }

    @Test
    void while_it_stops_webhooks_are_taken_and_everybody_is_sent_to_another_replica() throws Exception {
        try (var database = DatabaseServer.migrated();
                var service = Service.start(database, Map.of("QUARKUS_SHUTDOWN_DELAY", "3S"))) {
            service.terminate();
            Eventually.within(
                    Duration.ofSeconds(2), () -> service.probe() == 503, () -> "the probe does not tell that it stops");
            var webhook = service.post(Webhooks.body("late"));
            assertEquals(202, webhook.statusCode(), webhook.body());
            assertEquals(Optional.of("close"), webhook.headers().firstValue("Connection"));
            var reading = service.get(Webhooks.transactionPath("late"), "none");
            assertEquals(200, reading.statusCode(), reading.body());
            assertEquals(Optional.of("close"), reading.headers().firstValue("Connection"));
            assertEquals(503, service.manage("/q/health/ready").statusCode());
            assertEquals(0, service.awaitExit(), service.log());
        }
    }

    /** Sends until nobody is there to take it. */
    private static void send(
            Service service,
            String prefix,
            Queue<String> accepted,
            Queue<String> unanswered,
            Queue<String> unexpected) {
        for (int i = 0; service.isAlive(); i++) {
            String id = prefix + i;
            try {
                var answer = service.post(Webhooks.body(id));
                if (answer.statusCode() == 202) {
                    accepted.add(id);
                } else if (answer.statusCode() != 503
                        || answer.headers().firstValue("Retry-After").isEmpty()) {
                    unexpected.add(id + " was answered " + answer.statusCode() + " " + answer.body());
                }
            } catch (IOException gone) {
                unanswered.add(id);
            } catch (InterruptedException interrupted) {
                return;
            }
        }
    }
}
