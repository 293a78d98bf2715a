package dev.tallyhook.access;

import dev.tallyhook.problem.Problem;
import dev.tallyhook.problem.RouterProblems;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;

/**
 * Closes an HTTP/1.1 connection that asks without waiting (RFC 9112 section 9.3.2) more often than anybody needs to, or
 * without listening. The server answers what has queued up one inside the other, so a long queue would exhaust its stack;
 * and answers that nobody reads would exhaust its memory. What is refused without a word it gives a {@link Problem} to say.
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

    /** The last that came. */
    private boolean wantsNoBody;

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
        if (message instanceof HttpRequest request && !closed) {
            waiting++;
            wantsNoBody = request.method().equals(HttpMethod.HEAD);
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
        Object said = message;
        if (message instanceof LastHttpContent && !interim) {
            waiting--;
            if (waiting == 0 && !wantsNoBody && message instanceof FullHttpResponse answer && saysNothing(answer)) {
                said = asProblem(answer);
            }
        }
        var unused = context.write(said, promise);
    }

    /** What cannot be read as a request the server refuses before anybody sees it, without a word. */
    private static boolean saysNothing(FullHttpResponse answer) {
        return answer.status().codeClass() == HttpStatusClass.CLIENT_ERROR
                && !answer.content().isReadable()
                && !answer.headers().contains(HttpHeaderNames.CONTENT_TYPE);
    }

    private static FullHttpResponse asProblem(FullHttpResponse answer) {
        byte[] body = RouterProblems.body(answer.status().code());
        // What the server answers so it may take for HTTP/1.0, and it closes the connection.
        var problem = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, answer.status(), Unpooled.wrappedBuffer(body));
        problem.headers()
                .set(answer.headers())
                .set(HttpHeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE)
                .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        answer.release();
        return problem;
    }
}
