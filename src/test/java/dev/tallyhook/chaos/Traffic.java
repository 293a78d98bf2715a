package dev.tallyhook.chaos;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/**
 * Senders as they are: each webhook is sent to any replica, given up after 5 s, and sent again, to any replica, until it is
 * answered for good. Some send it twice at once, some again later, some contradict themselves, and some ask what became of it.
 * Every request and answer goes into the history.
 */
final class Traffic implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration BACKOFF_MIN = Duration.ofMillis(100);
    private static final Duration BACKOFF_MAX = Duration.ofSeconds(1);

    /** Webhooks that are not answered for good; who would send one more waits. More of them, sent again and again, would be the senders' own storm. */
    private static final int UNDER_WAY_MAX = 1_000;

    /** After the last fault what was refused is sent again, and what is due is finished, within this. */
    static final Duration END_MAX = Duration.ofSeconds(60);

    private static final Pattern STATUS = Pattern.compile("\"status\":\"([A-Z]+)\"");

    private static final Pattern DETAIL = Pattern.compile("\"detail\":\"([^\"]*)\"");

    private final List<URI> receivers;
    private final int perSecond;
    private final Duration delay;
    private final Random random;
    private final History history;
    private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .executor(timer)
            .build();
    private final AtomicInteger underWay = new AtomicInteger();
    private final Thread pace = new Thread(this::sendUntilStopped, "traffic");
    private volatile boolean stopped;

    /** To replicas, or to a balancer before them, at ports of this machine. */
    Traffic(List<Integer> ports, int perSecond, Duration delay, long seed, History history) {
        this.receivers = ports.stream()
                .map(port -> URI.create("http://localhost:" + port))
                .toList();
        this.perSecond = perSecond;
        this.delay = delay;
        this.random = new Random(seed);
        this.history = history;
        pace.start();
    }

    private void sendUntilStopped() {
        long start = System.nanoTime();
        long skipped = 0;
        for (long sent = 0; !stopped; sent++) {
            long due = start + (sent + skipped) * TimeUnit.SECONDS.toNanos(1) / perSecond;
            while (!stopped && (System.nanoTime() < due || underWay.get() > UNDER_WAY_MAX)) {
                if (underWay.get() > UNDER_WAY_MAX) {
                    skipped = (System.nanoTime() - start) * perSecond / TimeUnit.SECONDS.toNanos(1) - sent;
                }
                pause();
            }
            send("txn_%016x".formatted(scramble(random.nextLong() ^ sent)));
        }
    }

    private static void pause() {
        try {
            Thread.sleep(1);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    /** Spreads ids over the whole index, as senders' ids are. */
    private static long scramble(long counter) {
        long mixed = (counter ^ (counter >>> 30)) * 0xBF58476D1CE4E5B9L;
        return mixed ^ (mixed >>> 31);
    }

    private void send(String id) {
        String amount = "1500.50";
        int kind = random.nextInt(100);
        deliver(id, amount, 0);
        if (kind < 4) {
            deliver(id, amount, 0);
        } else if (kind < 7) {
            later(within(delay.plusSeconds(2))).execute(() -> deliver(id, amount, 0));
        } else if (kind < 9) {
            deliver(id, "2.25", 0);
        } else if (kind < 11) {
            later(within(delay.plusSeconds(2))).execute(() -> deliver(id, "2.25", 0));
        } else if (kind < 16) {
            later(within(delay.plusSeconds(2))).execute(() -> read(id));
        }
    }

    private Duration within(Duration most) {
        return Duration.ofMillis(random.nextInt((int) most.toMillis()));
    }

    private Executor later(Duration pause) {
        return task -> {
            if (!timer.isShutdown()) {
                var unused = timer.schedule(task, pause.toMillis(), TimeUnit.MILLISECONDS);
            }
        };
    }

    /** Sends it, and again after a pause, until it is answered with 202 or refused for good. */
    private void deliver(String id, String amount, int tries) {
        if (tries == 0) {
            underWay.incrementAndGet();
        }
        int receiver = random.nextInt(receivers.size());
        var request = HttpRequest.newBuilder(receivers.get(receiver).resolve(Webhooks.PATH))
                .timeout(PATIENCE)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body(id, amount)))
                .build();
        long sent = History.now();
        var unused = client.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .whenComplete((answer, failure) -> {
                    String outcome = answer == null ? outcome(failure) : outcome(answer);
                    boolean replayed = answer != null
                            && answer.headers()
                                    .firstValue("Idempotent-Replayed")
                                    .isPresent();
                    history.record(new Attempt(id, amount, receiver, sent, History.now(), outcome, replayed));
                    if (answer != null && answer.statusCode() < 500) {
                        underWay.decrementAndGet();
                    } else {
                        later(backoff(tries)).execute(() -> deliver(id, amount, tries + 1));
                    }
                });
    }

    /** The accounts are made of the id, so that a row that mixes two webhooks up shows. */
    private static String body(String id, String amount) {
        return """
                {"transaction_id":"%s","source_account":"from_%s","destination_account":"to_%s","amount":%s,"currency":"INR"}""".formatted(id, id, id, amount);
    }

    /** Its status, and of what may be right next time why it was not this time. */
    private static String outcome(HttpResponse<String> answer) {
        var detail = DETAIL.matcher(answer.body());
        String status = Integer.toString(answer.statusCode());
        return answer.statusCode() >= 500 && detail.find() ? status + " " + detail.group(1) : status;
    }

    private static String outcome(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof HttpTimeoutException) {
            return "timeout";
        }
        if (cause instanceof ConnectException) {
            return "refused";
        }
        return cause instanceof IOException ? "broken" : cause.getClass().getSimpleName();
    }

    /** Twice as long each time, and never the same for all. */
    private Duration backoff(int tries) {
        long most = Math.min(BACKOFF_MIN.toMillis() << Math.min(tries, 10), BACKOFF_MAX.toMillis());
        return Duration.ofMillis(most / 2 + random.nextInt((int) most));
    }

    private void read(String id) {
        var request = HttpRequest.newBuilder(
                        receivers.get(random.nextInt(receivers.size())).resolve(Webhooks.transactionPath(id)))
                .timeout(PATIENCE)
                .build();
        long sent = History.now();
        var unused = client.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                .whenComplete((answer, failure) ->
                        history.recordRead(id, sent, History.now(), answer == null ? outcome(failure) : said(answer)));
    }

    private static String said(HttpResponse<String> answer) {
        var status = STATUS.matcher(answer.body());
        return answer.statusCode() == 200 && status.find() ? status.group(1) : Integer.toString(answer.statusCode());
    }

    /** Webhooks that are not answered for good. */
    int underWay() {
        return underWay.get();
    }

    /** Nothing new is sent from now on; what was sent is still sent again until it is answered. */
    void stop() {
        stopped = true;
        try {
            pace.join();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    @Override
    public void close() {
        stop();
        timer.shutdownNow();
    }
}
