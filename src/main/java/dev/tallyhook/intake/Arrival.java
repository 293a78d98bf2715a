package dev.tallyhook.intake;

import dev.tallyhook.access.RequestBody;
import dev.tallyhook.problem.RouterProblems;
import dev.tallyhook.source.Answer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.impl.ContextInternal;
import io.vertx.ext.web.RoutingContext;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One request of a sender, from its head to its answer, on its event loop. As an executor it runs what is to be done there, at once if
 * that is where it is asked.
 */
final class Arrival implements Executor {

    // Written as they always were: header fields have no case, but programs that read them may.
    private static final CharSequence CONTENT_TYPE = HttpHeaders.createOptimized("Content-Type");
    private static final CharSequence LOCATION = HttpHeaders.createOptimized("Location");
    private static final CharSequence REPLAYED = HttpHeaders.createOptimized("Idempotent-Replayed");
    private static final CharSequence TRUE = HttpHeaders.createOptimized("true");

    /** When its head came, in nanoseconds of the monotonic clock. */
    final long since = System.nanoTime();

    /** The trace that it belongs to, or null if nobody looks at it. */
    final @Nullable String traceparent = TraceParent.ofCurrentRequest();

    final HttpServerRequest request;

    private final RoutingContext context;
    private final RouterProblems problems;

    /** Of Vert.x' inside, because only that runs a task at once where it is asked on the loop itself. */
    private final ContextInternal eventLoop = ContextInternal.current();

    /** Is here: to be called on its event loop. */
    Arrival(RoutingContext context, RouterProblems problems) {
        this.context = context;
        this.problems = problems;
        this.request = context.request();
    }

    /**
     * With what success is told.
     *
     * @param location where what it brought is read, or null if that is not said
     * @param replayed whether all that it brought had been stored before
     */
    record Reply(Answer answer, @Nullable String location, boolean replayed) {}

    /**
     * Reads its body, and answers it with what comes of that.
     *
     * @param bodySizeMax in bytes
     * @param work what to do with the body; it may end, or throw, on whichever thread
     * @param refused is told why it is answered with a problem
     */
    void serve(long bodySizeMax, Function<byte[], CompletionStage<Reply>> work, Consumer<Throwable> refused) {
        var incoming = new RequestBody(request, bodySizeMax, WaitingRoom::full);
        var unused = incoming.read().thenCompose(work).whenComplete((reply, failure) -> {
            incoming.forget();
            if (failure == null) {
                execute(() -> answer(reply));
            } else {
                Throwable why = unwrapped(failure);
                refused.accept(why);
                execute(() -> problems.answer(context, why));
            }
        });
    }

    /** What completed it so. */
    private static Throwable unwrapped(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private void answer(Reply reply) {
        HttpServerResponse response = request.response();
        if (response.ended() || response.closed()) {
            return; // Its sender has gone away.
        }
        Answer answer = reply.answer();
        response.setStatusCode(answer.status()).putHeader(CONTENT_TYPE, answer.contentType());
        if (reply.location() != null) {
            response.putHeader(LOCATION, reply.location());
        }
        if (reply.replayed()) {
            response.putHeader(REPLAYED, TRUE);
        }
        response.end(answer.body());
    }

    /** Whatever goes wrong with it, its sender is answered. */
    @Override
    public void execute(Runnable command) {
        eventLoop.emit(command, task -> {
            try {
                task.run();
            } catch (RuntimeException unexpected) {
                problems.answer(context, unexpected);
            }
        });
    }
}
