package dev.tallyhook.access;

import io.netty.bootstrap.ChannelInitializerExtension;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ServerChannel;
import io.netty.util.ReferenceCountUtil;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.config.SmallRyeConfig;
import java.net.InetSocketAddress;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.microprofile.config.ConfigProvider;

/**
 * Sees each connection before anything else does, TLS included: closes what is too many, and puts a {@link RequestDeadline} on
 * the rest. HTTP servers count a connection when its first request comes, so silent ones would be free.
 *
 * <p>Netty loads it by {@code META-INF/services} once {@link #install} has said so. It must come from the class loader that
 * Netty comes from, which it does in production; in dev mode and its tests connections are not limited.
 *
 * @see ChannelInitializerExtension
 */
@RegisterForReflection // A native build must be able to make one by name.
public final class ConnectionLimits extends ChannelInitializerExtension {

    private final ConnectionConfig config =
            ConfigProvider.getConfig().unwrap(SmallRyeConfig.class).getConfigMapping(ConnectionConfig.class);

    private final RequestMemory memory = RequestMemory.shared();

    /** Few as their connections are, they take little; and who asks how a replica does is answered also when others have taken all. */
    private final RequestMemory operatorsMemory =
            new RequestMemory(Runtime.getRuntime().maxMemory());

    private static final AtomicBoolean IN_FORCE = new AtomicBoolean();

    /** Connections of probes and scrapes, which are few. */
    private static final int OPERATORS_MAX = 100;

    private static final AtomicInteger OPEN = new AtomicInteger();
    private static final AtomicInteger OPEN_TO_OPERATORS = new AtomicInteger();

    private final int managementPort = ConfigProvider.getConfig().getValue("quarkus.management.port", Integer.class);

    /** Whether Netty has found them. */
    static boolean areInForce() {
        return IN_FORCE.get();
    }

    /** How many connections are open, operators' aside; 0 where they are not limited. */
    static int open() {
        return OPEN.get();
    }

    /** To be called before the first server starts. */
    public static void install() {
        System.setProperty(ChannelInitializerExtension.EXTENSIONS_SYSTEM_PROPERTY, "serviceload");
    }

    @Override
    public void postInitializeServerListenerChannel(ServerChannel channel) {
        IN_FORCE.set(true);
    }

    @Override
    public void postInitializeServerChildChannel(Channel channel) {
        // Operators have a share of their own: they must see most when nobody else gets in.
        boolean operators =
                channel.localAddress() instanceof InetSocketAddress local && local.getPort() == managementPort;
        AtomicInteger counted = operators ? OPEN_TO_OPERATORS : OPEN;
        boolean tooMany = counted.incrementAndGet() > (operators ? OPERATORS_MAX : config.max());
        channel.closeFuture().addListener(closed -> counted.decrementAndGet());
        channel.pipeline()
                .addFirst(
                        tooMany
                                ? new Refusal()
                                : new RequestDeadline(config.requestWithin(), operators ? operatorsMemory : memory));
    }

    /** An extension may not close a connection itself. */
    private static final class Refusal extends ChannelInboundHandlerAdapter {

        @Override
        public void channelActive(ChannelHandlerContext context) {
            var unused = context.close();
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ReferenceCountUtil.release(message);
        }
    }
}
