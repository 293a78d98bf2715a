package dev.tallyhook.packaged;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A connection of HTTP/2 whose frames can be looked at, and which goes on when it is told to go. */
public final class Http2Line implements AutoCloseable {

    /** What a GOAWAY said. */
    public record GoAway(int lastStream, long error) {}

    /** A request, by its stream's number, and the status of its answer, or by which error its stream was reset. */
    public record Asked(int stream, CompletableFuture<String> status) {}

    private final EventLoopGroup group = new NioEventLoopGroup(1);
    private final Frames frames = new Frames();
    private final List<GoAway> goAways = new CopyOnWriteArrayList<>();
    private final Map<Http2FrameStream, CompletableFuture<String>> asked = new ConcurrentHashMap<>();
    private final Channel channel;

    public Http2Line(int port) throws Exception {
        SslContext tls = SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        ApplicationProtocolConfig.Protocol.ALPN,
                        ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                        ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                        "h2"))
                .build();
        Http2FrameCodec codec = Http2FrameCodecBuilder.forClient().build();
        channel = new Bootstrap()
                .group(group)
                .channel(NioSocketChannel.class)
                .handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel created) {
                        created.pipeline().addLast(tls.newHandler(created.alloc(), "localhost", port), codec, frames);
                    }
                })
                .connect("localhost", port)
                .sync()
                .channel();
    }

    private final class Frames extends Http2ChannelDuplexHandler {
        @Override
        public void channelRead(ChannelHandlerContext context, Object frame) {
            if (frame instanceof Http2GoAwayFrame goAway) {
                goAways.add(new GoAway(goAway.lastStreamId(), goAway.errorCode()));
            } else if (frame instanceof Http2ResetFrame reset) {
                asked.get(reset.stream()).complete("reset by " + reset.errorCode());
            } else if (frame instanceof Http2HeadersFrame answer) {
                asked.get(answer.stream()).complete(answer.headers().status().toString());
            }
            ReferenceCountUtil.release(frame);
        }
    }

    /** Posts on a stream of its own. */
    public Asked post(String path, String body) throws InterruptedException {
        return post(path, body, "");
    }

    /** The same with a header field that nobody asks for. */
    public Asked post(String path, String body, String field) throws InterruptedException {
        Http2FrameStream stream = frames.newStream();
        var status = begin(stream, path, field);
        var bytes = Unpooled.copiedBuffer(body, StandardCharsets.UTF_8);
        channel.writeAndFlush(new DefaultHttp2DataFrame(bytes, true).stream(stream))
                .sync();
        return new Asked(stream.id(), status);
    }

    /** Posts, with such a field, what has no end. */
    public CompletableFuture<String> begin(String path, String field) {
        var status = begin(frames.newStream(), path, field);
        channel.flush();
        return status;
    }

    private CompletableFuture<String> begin(Http2FrameStream stream, String path, String field) {
        var status = new CompletableFuture<String>();
        asked.put(stream, status);
        var headers = new DefaultHttp2Headers()
                .method("POST")
                .scheme("https")
                .authority("localhost")
                .path(path)
                .add("content-type", "application/json")
                .add("field", field);
        var unused = channel.write(new DefaultHttp2HeadersFrame(headers, false).stream(stream));
        return status;
    }

    /** Those that came, in order. */
    public List<GoAway> goAways() {
        return List.copyOf(goAways);
    }

    public boolean isOpen() {
        return channel.isActive();
    }

    @Override
    public void close() {
        channel.close().syncUninterruptibly();
        var unused = group.shutdownGracefully();
    }
}
