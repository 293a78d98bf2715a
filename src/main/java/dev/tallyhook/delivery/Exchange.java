package dev.tallyhook.delivery;

import io.quarkus.logging.Log;
import io.vertx.core.AsyncResult;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpVersion;
import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One attempt to send a message, from the name to the last byte of the answer. All of it is done on one event loop. */
final class Exchange {

    /** A connection that its server had closed says so within a round trip. */
    private static final long STALE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final HttpSender sender;
    private final Context context;
    private final Clients clients;
    private final OutgoingRequest message;
    private final long began;
    private final Consumer<Attempt> then;
    private final Deadline deadline;

    private final Consumer<Addresses.Answer> found = this::comeFromLookUp;
    private List<InetAddress> addresses = List.of();
    private int tried;

    /** Counts connections asked for, so that one that comes after it was given up is known. */
    private int turn;

    private @Nullable HttpClientRequest request;
    private @Nullable Reply reply;
    private long sentAt;
    private boolean onUsedConnection;
    private boolean triedAgain;
    private boolean over;

    Exchange(HttpSender sender, Loops.Loop loop, OutgoingRequest message, long began, Consumer<Attempt> then) {
        this.sender = sender;
        this.context = loop.context();
        this.clients = loop.clients();
        this.message = message;
        this.began = began;
        this.then = then;
        this.deadline = new Deadline(loop.context());
    }

    /** On any thread. */
    void begin() {
        onContext(this::find);
    }

    private void onContext(Runnable task) {
        if (Vertx.currentContext() == context) {
            run(task);
        } else {
            context.runOnContext(go -> run(task));
        }
    }

    /** Whatever happens, whoever sends hears of it. */
    private void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException unforeseen) {
            unsendable(unforeseen);
        }
    }

    private void find() {
        sender.names().find(message.url().getHost(), found);
        if (!over && addresses.isEmpty()) {
            deadline.set(left(sender.connectTimeoutMillis()), this::nameTookTooLong);
        }
    }

    private void nameTookTooLong() {
        sender.names().leave(message.url().getHost(), found);
        fail(Outcome.TIMED_OUT, "the name was not looked up in time");
    }

    private void comeFromLookUp(Addresses.Answer answer) {
        onContext(() -> found(answer));
    }

    private void found(Addresses.Answer answer) {
        if (over) {
            return;
        }
        if (answer.failure() != null) {
            fail(answer.failure(), String.valueOf(answer.why()));
            return;
        }
        addresses = answer.addresses();
        connect(false);
    }

    private void connect(boolean again) {
        int mine = ++turn;
        clients.get(Clients.Kind.of(Posts.isSecure(message.url()), again))
                .request(Posts.to(message.url(), addresses.get(tried)))
                .onComplete(connection -> run(() -> connected(mine, connection)));
        if (!over && turn == mine && request == null) {
            // Each address has its share of the time, so that one that says nothing leaves some to the others.
            long share = left(sender.connectTimeoutMillis()) / (addresses.size() - tried);
            deadline.set(triedAgain ? left(sender.timeoutMillis()) : share, () -> connectionTookTooLong(mine));
        }
    }

    private void connectionTookTooLong(int mine) {
        if (turn == mine && request == null) {
            notConnected(new Failure(Outcome.TIMED_OUT, "no connection in time"));
        }
    }

    private void connected(int mine, AsyncResult<HttpClientRequest> connection) {
        if (over || turn != mine || request != null) {
            if (connection.succeeded()) {
                connection.result().exceptionHandler(reset -> {}).reset(); // It would log itself.
            }
        } else if (connection.failed()) {
            notConnected(Failure.of(connection.cause(), false));
        } else {
            request = connection.result();
            deadline.set(left(sender.timeoutMillis()), this::answerTookTooLong);
            post(connection.result(), mine);
        }
    }

    private void notConnected(Failure failure) {
        sender.addresses().avoid(addresses.get(tried));
        turn++; // Whatever comes of it now comes too late.
        if (++tried < addresses.size() && !triedAgain) {
            connect(false);
        } else {
            fail(failure.outcome(), failure.why());
        }
    }

    private void post(HttpClientRequest open, int mine) {
        onUsedConnection = sender.isUsed(open.connection());
        sentAt = System.nanoTime();
        open.exceptionHandler(failure -> broken(mine, failure));
        open.send(Posts.write(message, open)).onComplete(head -> answered(mine, head));
    }

    private void answered(int mine, AsyncResult<HttpClientResponse> head) {
        if (over || turn != mine) {
            return;
        }
        if (head.failed()) {
            broken(mine, head.cause());
            return;
        }
        HttpClientResponse response = head.result();
        var begun = new Reply(response);
        reply = begun;
        if (!onUsedConnection || response.version() == HttpVersion.HTTP_2) {
            sender.use(response.request().connection());
        }
        response.exceptionHandler(failure -> broken(mine, failure));
        response.handler(part -> {
            if (!over && begun.read(part)) {
                answered(begun);
                close();
            }
        });
        response.endHandler(end -> answered(begun));
    }

    private void answered(Reply whole) {
        if (!over) {
            end(whole.attempt(HttpSender.since(began), sender.clock()));
        }
    }

    /**
     * A server may close a connection that idles just when a message goes out on it, and a message that it has never read is then lost to
     * no fault of anybody's. So where nothing of an answer came, at once, on a connection that had served before, it is sent once more, on
     * a new one. It may have been read all the same; but a receiver must stand that anyway, and knows it by its webhook-id (RFC 9110
     * section 9.2.2 lets a client do so that knows that). If a connection is new, or works for a second and then breaks, it is not that,
     * and the message is left to the retry plan, which waits.
     */
    private void broken(int mine, Throwable failure) {
        if (over || turn != mine) {
            return;
        }
        boolean wasClosedBefore = onUsedConnection
                && reply == null
                && Failure.isClosed(failure)
                && System.nanoTime() - sentAt < STALE_NANOS;
        if (wasClosedBefore && !triedAgain && request != null) {
            triedAgain = true;
            // Of HTTP/2 there are few, and those closed are out of the pool; of HTTP/1.1 the next in the pool may be as
            // old.
            boolean once = request.version() != HttpVersion.HTTP_2;
            request = null;
            connect(once);
        } else {
            Failure why = Failure.of(failure, true);
            fail(why.outcome(), why.why());
        }
    }

    /** The connection is left before the next message is begun, which would go out on it. */
    private void answerTookTooLong() {
        if (isFirstEnd()) {
            leaveMute();
            close();
            tell(failed(Outcome.TIMED_OUT, reply == null ? "no answer in time" : "the answer did not end in time"));
        }
    }

    /**
     * A network may forget a connection and tell nobody; of HTTP/2 it would go on being used, and every message on it be lost. So if
     * nothing at all came on it since this one was sent, whatever else was, the next ones go on a new one.
     */
    private void leaveMute() {
        if (request != null && request.version() == HttpVersion.HTTP_2 && sender.isMute(request.connection(), sentAt)) {
            // Closing would wait for what was written before, which may never go out.
            var unused = request.connection().shutdown(0, TimeUnit.MILLISECONDS);
        }
    }

    /** Of HTTP/1.1 the connection, of HTTP/2 the stream. */
    private void close() {
        if (request != null) {
            request.reset();
        }
    }

    private void unsendable(RuntimeException unforeseen) {
        Log.debug("A message could not be sent", unforeseen);
        fail(Outcome.UNSENDABLE, "the message could not be sent");
        close();
    }

    private void fail(Outcome outcome, String why) {
        end(failed(outcome, why));
    }

    private Attempt failed(Outcome outcome, String why) {
        int status = reply == null ? 0 : reply.status();
        return new Attempt(outcome, status, HttpSender.since(began), null, AnswerText.of(why));
    }

    private void end(Attempt attempt) {
        if (isFirstEnd()) {
            tell(attempt);
        }
    }

    private boolean isFirstEnd() {
        boolean first = !over;
        over = true;
        deadline.cancel();
        return first;
    }

    private void tell(Attempt attempt) {
        try {
            then.accept(attempt);
        } catch (RuntimeException unforeseen) {
            Log.error("What came of a message could not be taken", unforeseen);
        }
    }

    /** Of so long since the beginning, what is left. */
    private long left(long millis) {
        return millis - HttpSender.since(began).toMillis();
    }
}
