package dev.tallyhook.packaged;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A few senders who send as fast as they are answered, and who write down each answer that is not 202. */
final class Load implements AutoCloseable {

    private static final int SENDERS = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final AtomicInteger accepted = new AtomicInteger();
    private final Queue<String> refused = new ConcurrentLinkedQueue<>();
    private final List<Thread> senders = new ArrayList<>();
    private volatile boolean stopped;

    /** Sends the webhook of an id. */
    interface Sender {
        HttpResponse<String> send(String id) throws IOException, InterruptedException;
    }

    Load(Sender sender) {
        for (int i = 0; i < SENDERS; i++) {
            senders.add(new Thread(() -> sendUntilStopped(sender)));
        }
        senders.forEach(Thread::start);
    }

    private void sendUntilStopped(Sender sender) {
        while (!stopped) {
            try {
                HttpResponse<String> answer = sender.send(Webhooks.newId());
                if (answer.statusCode() == 202) {
                    accepted.incrementAndGet();
                } else {
                    refused.add(answer.statusCode() + " " + answer.body());
                }
            } catch (IOException broken) {
                refused.add(broken.toString());
            } catch (InterruptedException interrupted) {
                return;
            }
        }
    }

    /** Waits until so many more are accepted. */
    void awaitAccepted(int more) throws Exception {
        int enough = accepted.get() + more;
        Eventually.within(
                PATIENCE, () -> accepted.get() >= enough, () -> "accepted " + accepted + ", refused " + refused);
    }

    /** Every answer but 202, and every connection that broke. */
    List<String> refused() {
        return List.copyOf(refused);
    }

    /** Without those that were asked to try again, which a busy machine may do. */
    List<String> refusedForGood() {
        return refused.stream().filter(answer -> !answer.startsWith("503 ")).toList();
    }

    @Override
    public void close() {
        stopped = true;
        try {
            for (Thread sender : senders) {
                sender.join();
            }
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }
}
