package dev.tallyhook.access;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2LifecycleManager;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.AttributeKey;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends the client of an HTTP/2 connection away in two steps, as RFC 9113 section 6.8 wants it: a GOAWAY that excludes no
 * stream, so that what is on its way is still taken, and later the one that names the last stream. The framework would send
 * the second alone, and what is on its way then is lost to clients that do not send a POST twice.
 *
 * <p>It stands between Vert.x and Netty's codec, on the connection's event loop: whatever GOAWAY Vert.x sends without an error
 * is the first step, unless it is too early for that, and it closes the connection after the second one only.
 */
final class Farewell extends ChannelOutboundHandlerAdapter implements Http2LifecycleManager {

    private static final AttributeKey<Farewell> KEY = AttributeKey.valueOf(Farewell.class, "of");

    /** The last stream of a GOAWAY that excludes none. */
    private static final int ANY_STREAM = Integer.MAX_VALUE;

    private static final long NO_ERROR = Http2Error.NO_ERROR.code();

    private final Channel channel;
    private final Http2ConnectionHandler codec;
    /** Whether the first step will come by itself, and not before. */
    private boolean early;

    private boolean announced;
    private boolean said;

    /** Whether the second step will come by itself. Known to the next answer at once, which may be sent before the event loop's tasks run. */
    private volatile boolean awaited;

    private boolean toBeClosed;

    private Farewell(Channel channel, Http2ConnectionHandler codec) {
        this.channel = channel;
        this.codec = codec;
    }

    /** That of a connection, or null if it is new. */
    static @Nullable Farewell of(Channel channel) {
        return channel.attr(KEY).get();
    }

    /** To be called once, on the connection's event loop. */
    static Farewell prepare(Channel channel) {
        var codec = channel.pipeline().get(Http2ConnectionHandler.class);
        var farewell = new Farewell(channel, codec);
        codec.encoder().lifecycleManager(farewell);
        channel.pipeline().addLast(farewell);
        channel.attr(KEY).set(farewell);
        return farewell;
    }

    /** The first step. May be called on any thread, and again. */
    void announce() {
        channel.eventLoop().execute(() -> sendGoAway(ANY_STREAM));
    }

    /** The first step, after this time and not before, though the framework would take it with the next answer. To be called on the event loop. */
    void announceAfter(long nanos) {
        early = true;
        var unused = channel.eventLoop()
                .schedule(
                        () -> {
                            early = false;
                            sendGoAway(ANY_STREAM);
                        },
                        nanos,
                        TimeUnit.NANOSECONDS);
    }

    /** The second step, after this time, if the first was taken by then. May be called on any thread. */
    void sayAfter(long nanos) {
        awaited = true;
        var unused = channel.eventLoop().schedule(this::awaitedSay, nanos, TimeUnit.NANOSECONDS);
    }

    private void awaitedSay() {
        awaited = false;
        say();
        if (toBeClosed) {
            var unused = channel.close();
        }
    }

    private void say() {
        if (announced && !said) {
            said = true;
            sendGoAway(codec.connection().remote().lastStreamCreated());
        }
    }

    private void sendGoAway(int lastStream) {
        if (channel.isActive()) {
            ChannelHandlerContext context = channel.pipeline().context(codec);
            var unused = goAway(context, lastStream, NO_ERROR, Unpooled.EMPTY_BUFFER, context.newPromise());
            context.flush();
        }
    }

    /** A second one with the same last stream is not sent, Netty sees to that. */
    @Override
    public ChannelFuture goAway(
            ChannelHandlerContext context, int lastStream, long error, ByteBuf debugData, ChannelPromise promise) {
        boolean first = error == NO_ERROR && !said;
        if (first && early) {
            debugData.release();
            return promise.setSuccess();
        }
        announced |= first;
        return codec.goAway(context, first ? ANY_STREAM : lastStream, error, debugData, promise);
    }

    /** The framework wants each connection to be closed after its next answer; its client may have sent more by then. */
    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        boolean atLeisure = codec.gracefulShutdownTimeoutMillis() > 0;
        // Once it was at leisure, so is who asks again: the framework asks with each answer, and is in a hurry then.
        if ((announced || early) && awaited && (atLeisure || toBeClosed)) {
            toBeClosed = true;
            channel.closeFuture().addListener(closed -> promise.trySuccess());
        } else {
            say();
            var unused = context.close(promise);
        }
    }

    @Override
    public void closeStreamLocal(Http2Stream stream, ChannelFuture future) {
        codec.closeStreamLocal(stream, future);
    }

    @Override
    public void closeStreamRemote(Http2Stream stream, ChannelFuture future) {
        codec.closeStreamRemote(stream, future);
    }

    @Override
    public void closeStream(Http2Stream stream, ChannelFuture future) {
        codec.closeStream(stream, future);
    }

    @Override
    public ChannelFuture resetStream(ChannelHandlerContext context, int stream, long error, ChannelPromise promise) {
        return codec.resetStream(context, stream, error, promise);
    }

    @Override
    public void onError(ChannelHandlerContext context, boolean outbound, Throwable cause) {
        codec.onError(context, outbound, cause);
    }
}
