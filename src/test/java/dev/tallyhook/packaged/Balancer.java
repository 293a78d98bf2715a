package dev.tallyhook.packaged;

import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetServer;
import io.vertx.core.net.NetSocket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Leads each new connection to the next of its servers, as a service of Kubernetes does, and looks into none. */
final class Balancer implements AutoCloseable {

    private final Vertx vertx = Vertx.vertx();
    private final NetClient client = vertx.createNetClient();
    private final NetServer server = vertx.createNetServer().connectHandler(this::lead);
    private final List<Integer> servers = new CopyOnWriteArrayList<>();
    private final AtomicInteger next = new AtomicInteger();
    final AtomicInteger connections = new AtomicInteger();

    Balancer() throws Exception {
        server.listen(0, "localhost").toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
    }

    int port() {
        return server.actualPort();
    }

    /** New connections may go there. */
    void add(int port) {
        servers.add(port);
    }

    /** No more of them; those that are there stay. */
    void remove(Integer port) {
        servers.remove(port);
    }

    private void lead(NetSocket from) {
        connections.incrementAndGet();
        from.pause();
        List<Integer> now = List.copyOf(servers);
        int port = now.get(Math.floorMod(next.getAndIncrement(), now.size()));
        client.connect(port, "localhost")
                .onSuccess(to -> {
                    from.pipeTo(to);
                    to.pipeTo(from);
                })
                .onFailure(refused -> from.close());
    }

    @Override
    public void close() {
        vertx.close();
    }
}
