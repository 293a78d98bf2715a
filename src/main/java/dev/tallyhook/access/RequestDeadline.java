package dev.tallyhook.access;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.AttributeKey;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.ScheduledFuture;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Cuts off who sends a request so slowly that it only holds a connection. Bytes that come while no request is being
 * answered are the head of one, and so is a new connection's silence: unless a request has come of it in time, the
 * connection is closed. A body that is being read has as long again, and its reader is told.
 *
 * <p>It also takes the memory that the head of HTTP/1.1 needs from {@link RequestMemory}, until the request is answered, and
 * closes the connection if there is none.
 *
 * <p>A timeout between two bytes, which HTTP servers have, does not do this: a byte each second keeps it from ever ending.
 */
public final class RequestDeadline extends ChannelInboundHandlerAdapter {

    private static final AttributeKey<RequestDeadline> KEY = AttributeKey.valueOf(RequestDeadline.class, "of");

    /** By the monotonic clock, which never gives it. */
    private static final long NEVER = Long.MAX_VALUE;

    /** In bytes: no head is longer. What comes beyond is a body's, which whoever reads it takes room for. */
    private static final int HEAD_MAX = 32 * 1024;

    private final long limit;
    private final RequestMemory memory;
    private final AtomicInteger headBytes = new AtomicInteger();
    private final AtomicInteger beingAnswered = new AtomicInteger();
    private final ArrayDeque<Body> beingRead = new ArrayDeque<>();
    private long headSince = NEVER;
    private boolean headsAreTimed = true;
    private @Nullable ScheduledFuture<?> nextLook;

    RequestDeadline(Duration limit, RequestMemory memory) {
        this.limit = limit.toNanos();
        this.memory = memory;
    }

    private record Body(long since, Runnable tooSlow) {}

    /** That of the request's connection, or null where connections are not limited. */
    public static @Nullable RequestDeadline of(HttpServerRequest request) {
        return request.connection() instanceof ConnectionBase connection
                ? connection.channel().attr(KEY).get()
                : null;
    }

    /**
     * A request's head is here. To be called on the event loop, like the rest.
     *
     * @param multiplexed whether the connection carries more than requests, as HTTP/2 does: between two of them come
     *     frames that are no beginning of one, so only the first has a deadline
     */
    void requestCame(boolean multiplexed) {
        beingAnswered.incrementAndGet();
        headSince = NEVER;
        headsAreTimed = !multiplexed;
    }

    /** A request is answered. May be called on any thread. */
    void requestAnswered() {
        if (beingAnswered.decrementAndGet() == 0) {
            forgetHead();
        }
    }

    private void forgetHead() {
        memory.giveBack(headBytes.getAndSet(0));
    }

    /**
     * A body is being read from now on.
     *
     * @param tooSlow run if it has not come in whole in time
     * @return to be run when it has
     */
    public Runnable awaitBody(Runnable tooSlow) {
        var body = new Body(System.nanoTime(), tooSlow);
        beingRead.add(body);
        return () -> beingRead.remove(body);
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        context.channel().attr(KEY).set(this);
        headSince = System.nanoTime();
        lookAgain(context, limit);
        PipelinedRequests.watch(context.channel());
        context.fireChannelActive();
    }

    /** A timer that outlived its connection would keep it in memory, and a churn of connections would fill that. */
    @Override
    public void channelInactive(ChannelHandlerContext context) {
        if (nextLook != null) {
            nextLook.cancel(false);
        }
        beingRead.clear();
        forgetHead();
        context.fireChannelInactive();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (headsAreTimed && beingAnswered.get() == 0) {
            if (headSince == NEVER) {
                headSince = System.nanoTime();
            }
            if (!takeRoom(message)) {
                ReferenceCountUtil.release(message);
                var unused = context.close();
                return;
            }
        }
        context.fireChannelRead(message);
    }

    private boolean takeRoom(Object message) {
        int taken = headBytes.get();
        int more = message instanceof ByteBuf bytes ? Math.min(bytes.readableBytes(), HEAD_MAX - taken) : 0;
        if (more > 0) {
            if (!memory.take(more, taken + more)) {
                return false;
            }
            headBytes.addAndGet(more);
        }
        return true;
    }

    /** One timer for a connection, and none for a request: it looks when the earliest that it knows of could end. */
    private void look(ChannelHandlerContext context) {
        if (!context.channel().isOpen()) {
            return;
        }
        long now = System.nanoTime();
        while (!beingRead.isEmpty() && now - beingRead.element().since() >= limit) {
            beingRead.remove().tooSlow().run();
        }
        if (headSince != NEVER && now - headSince >= limit) {
            var unused = context.close();
            return;
        }
        long earliest = Math.min(now, headSince);
        if (!beingRead.isEmpty()) {
            earliest = Math.min(earliest, beingRead.element().since());
        }
        lookAgain(context, earliest + limit - now);
    }

    private void lookAgain(ChannelHandlerContext context, long nanos) {
        nextLook = context.executor().schedule(() -> look(context), nanos, TimeUnit.NANOSECONDS);
    }
}
