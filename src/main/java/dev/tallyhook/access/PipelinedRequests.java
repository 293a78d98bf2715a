package dev.tallyhook.access;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

/**
 * Closes an HTTP/1.1 connection that asks without waiting (RFC 9112 section 9.3.2) more often than anybody needs to, or
 * without listening. The server answers what has queued up one inside the other, so a long queue would exhaust its stack;
 * and answers that nobody reads would exhaust its memory.
 */
final class PipelinedRequests extends ChannelDuplexHandler {

    /** Requests that wait for their answers. */
    private static final int WAITING_MAX = 16;

    /** In bytes, of answers that the client has not read. */
    private static final long UNREAD_MAX = 1 << 20;

    /** As Vert.x names them. */
    private static final String TLS = "ssl";

    private static final String ENCODER = "httpEncoder";

    private int waiting;
    private boolean closed;

    /** Puts one behind decoder and encoder, now or when the TLS handshake has said that it is HTTP/1.1 that will be spoken. */
    static void watch(Channel channel) {
        ChannelPipeline pipeline = channel.pipeline();
        if (pipeline.get(TLS) == null) {
            install(pipeline);
        } else {
            pipeline.addAfter(TLS, null, new ChannelInboundHandlerAdapter() {
                @Override
                public void userEventTriggered(ChannelHandlerContext context, Object event) {
                    context.fireUserEventTriggered(event);
                    install(pipeline);
                }
            });
        }
    }

    private static void install(ChannelPipeline pipeline) {
        if (pipeline.get(ENCODER) != null && pipeline.get(PipelinedRequests.class) == null) {
            pipeline.addAfter(ENCODER, null, new PipelinedRequests());
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof HttpRequest && !closed) {
            waiting++;
            if (waiting > WAITING_MAX || context.channel().bytesBeforeWritable() > UNREAD_MAX) {
                closed = true;
                var unused = context.close();
            }
        }
        if (closed) {
            ReferenceCountUtil.release(message);
        } else {
            context.fireChannelRead(message);
        }
    }

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
        boolean interim = message instanceof HttpResponse response
                && response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
        if (message instanceof LastHttpContent && !interim) {
            waiting--;
        }
        var unused = context.write(message, promise);
    }
}
