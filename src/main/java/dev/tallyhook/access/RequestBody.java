package dev.tallyhook.access;

import dev.tallyhook.problem.ProblemException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.impl.ContextInternal;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Reads a request's body on the event loop, and no more of it than the limit, whether its length was announced or it
 * comes in chunks. What it has read stays in memory until {@link #forget}.
 */
public final class RequestBody {

    /** RFC 9113 section 8.1: a server that has answered may ask the client without an error to stop sending. */
    private static final long HTTP_2_NO_ERROR = 0;

    /** How long a client may go on sending after it was refused. */
    private static final Duration LINGER_MAX = Duration.ofSeconds(1);

    private final HttpServerRequest request;
    private final long sizeMax;
    private final RequestMemory memory = RequestMemory.shared();
    private final Supplier<ProblemException> full;
    private final Buffer gathered = Buffer.buffer();
    private final CompletableFuture<byte[]> body = new CompletableFuture<>();

    /** Of Vert.x' inside, because the timer of the deadline runs on the loop without being a task of Vert.x'. */
    private final ContextInternal eventLoop = ContextInternal.current();

    /**
     * Reads nothing yet. To be called on the request's event loop.
     *
     * @param sizeMax in bytes
     * @param full what to answer if bodies take too much memory already
     */
    public RequestBody(HttpServerRequest request, long sizeMax, Supplier<ProblemException> full) {
        this.request = request;
        this.sizeMax = sizeMax;
        this.full = full;
    }

    /**
     * Reads the body to its end.
     *
     * @return its bytes, or a {@link ProblemException} with 413 if there are more than {@code sizeMax}, with 408 if they
     *     come too slowly, and as was said if there is no room for them
     */
    public CompletionStage<byte[]> read() {
        if (announcedLength() > sizeMax) {
            refuseTooLarge();
            return body;
        }
        request.exceptionHandler(broken ->
                body.completeExceptionally(ProblemException.badRequest("The body cannot be read to its end")));
        request.handler(this::gather);
        request.endHandler(end -> body.complete(gathered.getBytes()));
        if ("100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT))) {
            request.response().writeContinue();
        }
        request.resume();
        RequestDeadline deadline = RequestDeadline.of(request);
        if (deadline == null) {
            return body;
        }
        Runnable inTime = deadline.awaitBody(
                () -> eventLoop.emit(ProblemException.requestTimeout("The body came in too slowly"), this::refuse));
        var unused = body.whenComplete((read, failure) -> inTime.run());
        return body;
    }

    private long announcedLength() {
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length == null ? 0 : Long.parseLong(length);
    }

    private void gather(Buffer chunk) {
        if (body.isDone()) {
            return;
        }
        int size = gathered.length() + chunk.length();
        if (size > sizeMax) {
            refuseTooLarge();
        } else if (!memory.take(chunk.length(), size)) {
            refuse(full.get());
        } else {
            gathered.appendBuffer(chunk);
        }
    }

    /** Nobody needs the bytes any more. To be called once, when the request is answered. */
    public void forget() {
        memory.giveBack(gathered.length());
    }

    private void refuseTooLarge() {
        refuse(ProblemException.contentTooLarge("The body must have at most " + sizeMax + " bytes"));
    }

    /** The rest of the body is not worth reading, so the connection, or in HTTP/2 the stream, cannot be used again. */
    private void refuse(ProblemException why) {
        HttpServerResponse response = request.response();
        if (request.version() == HttpVersion.HTTP_2) {
            response.endHandler(sent -> response.reset(HTTP_2_NO_ERROR));
        } else {
            response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
            response.endHandler(sent -> closeInStages());
        }
        body.completeExceptionally(why);
    }

    /**
     * RFC 9112 section 9.6: if a connection is closed while more comes in, the client may lose the answer that it has not read yet. So what comes is
     * read and left for a while.
     */
    private void closeInStages() {
        HttpConnection connection = request.connection();
        var unused = eventLoop.owner().setTimer(LINGER_MAX.toMillis(), late -> connection.close());
        request.handler(left -> {});
        request.endHandler(end -> connection.close());
        request.resume();
    }
}
