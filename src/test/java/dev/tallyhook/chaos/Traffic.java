package dev.tallyhook.chaos;

import dev.tallyhook.Webhooks;
import dev.tallyhook.source.SchemeSender;
import io.netty.channel.ConnectTimeoutException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;

/**
 * Senders as they are: each webhook is sent to any replica, given up after 5 s, and sent again, to any replica, until it is
 * answered for good. A fifth of them are what providers send, signed. Some send it twice at once, some again later, some contradict
 * themselves, and some ask what became of it. Every request and answer goes into the history.
 */
final class Traffic implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration BACKOFF_MIN = Duration.ofMillis(100);
    private static final Duration BACKOFF_MAX = Duration.ofSeconds(1);

    /** Two deliveries of an event seldom have the same counter in their bodies. */
    private static final int COUNTS = 1_000;

    private static final SchemeSender.Signed NOTHING = new SchemeSender.Signed("", Map.of(), new byte[0]);

    /** Webhooks that are not answered for good; who would send one more waits. More of them, sent again and again, would be the senders' own storm. */
    private static final int UNDER_WAY_MAX = 1_000;

    /** After the last fault what was refused is sent again, and what is due is finished, within this. */
    static final Duration END_MAX = Duration.ofSeconds(60);

    private final List<Integer> receivers;
    private final IntPredicate starting;
    private final int perSecond;
    private final Duration delay;
    private final Random random;
    private final History history;
    private final Vertx vertx = Vertx.vertx(new VertxOptions()
            .setEventLoopPoolSize(1)
            .setFileSystemOptions(new FileSystemOptions().setFileCachingEnabled(false)));
    private final HttpClient client = vertx.httpClientBuilder()
            .with(new HttpClientOptions().setConnectTimeout((int) PATIENCE.toMillis()))
            .with(new PoolOptions().setHttp1MaxSize(2 * UNDER_WAY_MAX))
            // Otherwise each connection that a fault resets is told of as an error.
            .withConnectHandler(connection -> connection.exceptionHandler(lost -> {}))
            .build();
    private final AtomicInteger underWay = new AtomicInteger();
    private final Thread pace = new Thread(this::sendUntilStopped, "traffic");
    private volatile boolean stopped;

    /**
     * To replicas, or to a balancer before them, at ports of this machine.
     *
     * @param starting which of them has not said yet that it is ready, so that nobody who asks it, as Kubernetes does, sends it anything
     */
    Traffic(List<Integer> ports, IntPredicate starting, int perSecond, Duration delay, long seed, History history) {
        this.receivers = List.copyOf(ports);
        this.starting = starting;
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
            send(key(sent));
        }
    }

    private String key(long counter) {
        return "%016x".formatted(scramble(random.nextLong() ^ counter));
    }

    /** Beside all others, and all at once: calls with as many events as there can be, at first to one of those to whom it sends. */
    void sendFullCalls(int count, int receiver) {
        for (int i = 0; i < count; i++) {
            deliver(Call.full(key(i)), receiver, 0);
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

    private void send(String key) {
        Call call = Call.of(key, "1500.50", random);
        int kind = random.nextInt(100);
        deliver(call, 0);
        if (kind < 4) {
            deliver(call, 0);
        } else if (kind < 7) {
            sometime(() -> deliver(call, 0));
        } else if (kind < 9) {
            deliver(call.contradicted("2.25"), 0);
        } else if (kind < 11) {
            sometime(() -> deliver(call.contradicted("2.25"), 0));
        } else if (kind < 16) {
            sometime(() -> read(call.transactionId()));
        }
    }

    /** Before or after it is finished, and not at all if senders are told to stop meanwhile. */
    private void sometime(Runnable task) {
        later(Duration.ofMillis(random.nextInt((int) delay.plusSeconds(2).toMillis())), () -> {
            if (!stopped) {
                task.run();
            }
        });
    }

    private void later(Duration pause, Runnable task) {
        vertx.setTimer(Math.max(1, pause.toMillis()), unused -> task.run());
    }

    private void deliver(Call call, int tries) {
        int receiver = random.nextInt(receivers.size());
        deliver(call, starting.test(receiver) ? (receiver + 1) % receivers.size() : receiver, tries);
    }

    /** Sends it, and again after a pause, until it is answered with success or refused for good. */
    private void deliver(Call call, int receiver, int tries) {
        if (tries == 0) {
            underWay.incrementAndGet();
        }
        SchemeSender.Signed signed = call.request(random.nextInt(COUNTS));
        long sent = History.now();
        request(HttpMethod.POST, receiver, call.path(), signed).onComplete(result -> {
            Answer answer = result.result();
            String outcome = answer == null ? outcome(result.cause()) : answer.outcome();
            boolean replayed = answer != null && answer.replayed();
            history.record(new Attempt(call, receiver, sent, History.now(), outcome, replayed));
            if (answer != null && answer.status() < 500) {
                underWay.decrementAndGet();
            } else {
                later(backoff(tries), () -> deliver(call, tries + 1));
            }
        });
    }

    /** On the event loop: an answer could come, and its body be lost, before another thread has said what is to be done with it. */
    private Future<Answer> request(HttpMethod method, int receiver, String path, SchemeSender.Signed signed) {
        var options = new RequestOptions()
                .setMethod(method)
                .setHost("127.0.0.1")
                .setPort(receivers.get(receiver))
                .setURI(path)
                .setTimeout(PATIENCE.toMillis())
                .putHeader("Content-Type", "application/json");
        signed.headers().forEach(options::putHeader);
        Promise<Answer> answered = Promise.promise();
        vertx.runOnContext(unused -> client.request(options)
                .compose(request -> request.send(Buffer.buffer(signed.body())))
                .compose(response -> response.body()
                        .map(bytes -> new Answer(
                                response.statusCode(),
                                response.getHeader("Idempotent-Replayed") != null,
                                bytes.toString())))
                .onComplete(answered));
        return answered.future();
    }

    private static String outcome(Throwable failure) {
        if (failure instanceof TimeoutException || failure instanceof ConnectTimeoutException) {
            return "timeout";
        }
        if (failure instanceof ConnectException) {
            return "refused";
        }
        return failure instanceof IOException || failure instanceof HttpClosedException
                ? "broken"
                : failure.getClass().getSimpleName();
    }

    /** Twice as long each time, and never the same for all. */
    private Duration backoff(int tries) {
        long most = Math.min(BACKOFF_MIN.toMillis() << Math.min(tries, 10), BACKOFF_MAX.toMillis());
        return Duration.ofMillis(most / 2 + random.nextInt((int) most));
    }

    private void read(String id) {
        int receiver = random.nextInt(receivers.size());
        long sent = History.now();
        request(HttpMethod.GET, receiver, Webhooks.transactionPath(id), NOTHING).onComplete(result -> {
            Answer answer = result.result();
            history.recordRead(
                    id, sent, History.now(), answer == null ? outcome(result.cause()) : answer.transactionStatus());
        });
    }

    private record Answer(int status, boolean replayed, String body) {

        private static final Pattern STATUS = Pattern.compile("\"status\":\"([A-Z]+)\"");
        private static final Pattern DETAIL = Pattern.compile("\"detail\":\"([^\"]*)\"");

        /** Its status, and of what may be right next time why it was not this time. */
        String outcome() {
            var detail = DETAIL.matcher(body);
            return status >= 500 && detail.find() ? status + " " + detail.group(1) : Integer.toString(status);
        }

        /** What a reader was told of a transaction. */
        String transactionStatus() {
            var said = STATUS.matcher(body);
            return status == 200 && said.find() ? said.group(1) : Integer.toString(status);
        }
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
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
