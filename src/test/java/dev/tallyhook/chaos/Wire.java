package dev.tallyhook.chaos;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The network between a replica and PostgreSQL: bytes flow through it, until somebody does to it what networks do. */
final class Wire implements AutoCloseable {

    private static final int CHUNK_BYTES = 16 * 1024;

    private final int target;
    private final ServerSocket door;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final Object flow = new Object();
    private boolean stalled;
    private volatile boolean down;

    /** A port of its own, whose connections lead to the port given. */
    Wire(int target) throws IOException {
        this(InetAddress.getLoopbackAddress(), 0, target);
    }

    /** From a port of an address of this machine to a port. */
    Wire(InetAddress address, int port, int target) throws IOException {
        this.target = target;
        this.door = new ServerSocket(port, 200, address);
        thread("wire-door", this::admit);
    }

    int port() {
        return door.getLocalPort();
    }

    /** Of PostgreSQL's connections, as it names them: {@code client_port} in {@code pg_stat_activity}. */
    Integer[] sessionPorts() {
        return links.stream().map(link -> link.server.getLocalPort()).toArray(Integer[]::new);
    }

    /** Resets every connection; new ones are taken. */
    void cut() {
        links.forEach(Link::reset);
    }

    /** Resets every connection, and each new one, until {@link #mend}. */
    void takeDown() {
        down = true;
        cut();
    }

    /** Connections stay open and nothing comes through, until {@link #mend}. */
    void stall() {
        synchronized (flow) {
            stalled = true;
        }
    }

    /** On the connections that are open now statements reach PostgreSQL, and instead of bringing an answer they break; until {@link #mend}. */
    void swallowAnswers() {
        links.forEach(link -> link.swallowing = true);
    }

    /** PostgreSQL sees its connections end; the replica's stay open, and nobody answers on them. */
    void loseServerSide() {
        links.forEach(Link::loseServerSide);
    }

    /** The replica sees its connections end; PostgreSQL's stay open, until {@link #mend}. */
    void loseClientSide() {
        links.forEach(Link::loseClientSide);
    }

    /** Everything flows again; connections that had only one end left are gone. */
    void mend() {
        down = false;
        links.forEach(Link::mend);
        synchronized (flow) {
            stalled = false;
            flow.notifyAll();
        }
    }

    @Override
    public void close() throws IOException {
        door.close();
        cut();
        mend();
    }

    private void admit() {
        while (!door.isClosed()) {
            try {
                Socket client = door.accept();
                if (down) {
                    reset(client);
                    continue;
                }
                try {
                    new Link(client, new Socket(InetAddress.getLoopbackAddress(), target)).open();
                } catch (IOException nobodyThere) {
                    reset(client);
                }
            } catch (IOException closed) {
                // Or the client went away at once; the loop's condition tells.
            }
        }
    }

    private void awaitFlow() {
        synchronized (flow) {
            while (stalled) {
                try {
                    flow.wait();
                } catch (InterruptedException interrupted) {
                    throw new IllegalStateException(interrupted);
                }
            }
        }
    }

    private static void thread(String name, Runnable task) {
        var thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }

    /** Closed so that the other side sees an error, as when a network breaks, and not an orderly end. */
    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
            socket.close();
        } catch (IOException gone) {
            // Which is what was wanted.
        }
    }

    /** A connection of a replica, and the one to PostgreSQL that it is led on to. */
    private final class Link {

        private final Socket client;
        private final Socket server;
        private volatile boolean swallowing;
        private volatile boolean half;

        Link(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void open() throws IOException {
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            links.add(this);
            if (down) {
                reset(); // It went down meanwhile, and has not seen this one.
                return;
            }
            thread("wire-up", () -> pump(client, server));
            thread("wire-down", () -> pump(server, client));
        }

        private void pump(Socket from, Socket to) {
            byte[] chunk = new byte[CHUNK_BYTES];
            try {
                InputStream in = from.getInputStream();
                for (int size = in.read(chunk); size >= 0; size = in.read(chunk)) {
                    awaitFlow();
                    if (from == server && swallowing) {
                        break;
                    }
                    if (!half) {
                        to.getOutputStream().write(chunk, 0, size);
                    }
                }
            } catch (IOException broken) {
                // One side is gone, and below the other learns it.
            }
            awaitFlow(); // A network that brings nothing does not bring an end either.
            if (!half) {
                reset();
            }
        }

        void mend() {
            swallowing = false;
            if (half) {
                reset();
            }
        }

        void loseServerSide() {
            half = true;
            Wire.reset(server);
        }

        void loseClientSide() {
            half = true;
            Wire.reset(client);
        }

        void reset() {
            links.remove(this);
            Wire.reset(client);
            Wire.reset(server);
        }
    }
}
