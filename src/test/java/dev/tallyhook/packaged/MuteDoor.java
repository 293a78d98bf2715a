package dev.tallyhook.packaged;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Something in front of a server that may take connections and say nothing on them, then or ever. */
public final class MuteDoor implements AutoCloseable {

    private final int target;
    private final ServerSocket door;
    private final Set<Socket> forwarded = ConcurrentHashMap.newKeySet();
    private final Set<Socket> held = ConcurrentHashMap.newKeySet();
    private volatile boolean mute;

    /** Mute until it is told to {@link #forward}. */
    public MuteDoor(int target) throws IOException {
        this.target = target;
        this.mute = true;
        door = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        start(this::admit);
    }

    public int port() {
        return door.getLocalPort();
    }

    /** Connections that lead on end; new ones are taken, and nobody ever answers on them. */
    public void mute() {
        mute = true;
        forwarded.forEach(MuteDoor::close);
    }

    /** From now on new connections lead on; those that were taken meanwhile stay mute. */
    public void forward() {
        mute = false;
    }

    /** Mute connections that the other side has not given up. */
    public int heldOpen() {
        return held.size();
    }

    private void admit() {
        while (!door.isClosed()) {
            try {
                Socket client = door.accept();
                if (mute) {
                    held.add(client);
                    start(() -> awaitEnd(client));
                } else {
                    var server = new Socket(InetAddress.getLoopbackAddress(), target);
                    forwarded.add(client);
                    forwarded.add(server);
                    start(() -> pump(client, server));
                    start(() -> pump(server, client));
                }
            } catch (IOException closed) {
                // The loop's condition tells.
            }
        }
    }

    private void awaitEnd(Socket client) {
        try (client) {
            client.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
        } catch (IOException ended) {
            // Which is what was waited for.
        } finally {
            held.remove(client);
        }
    }

    private void pump(Socket from, Socket to) {
        try (from;
                to) {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException ended) {
            // One side is gone, and so the other goes.
        } finally {
            forwarded.remove(from);
        }
    }

    private static void start(Runnable task) {
        var thread = new Thread(task, "mute-door");
        thread.setDaemon(true);
        thread.start();
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException gone) {
            // Which is what was wanted.
        }
    }

    @Override
    public void close() throws IOException {
        door.close();
        forwarded.forEach(MuteDoor::close);
        held.forEach(MuteDoor::close);
    }
}
