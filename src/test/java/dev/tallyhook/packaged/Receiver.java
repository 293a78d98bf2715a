package dev.tallyhook.packaged;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An endpoint on this machine that keeps what it is told. */
public final class Receiver implements AutoCloseable {

    /**
     * What it was told.
     *
     * @param id the value of {@code webhook-id}
     */
    public record Message(String id, String signature, String body) {}

    private final HttpServer server;
    private final List<Message> messages = new CopyOnWriteArrayList<>();
    private volatile int status = 200;
    private volatile String answer = "thanks";

    public Receiver() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            var headers = exchange.getRequestHeaders();
            messages.add(new Message(headers.getFirst("webhook-id"), headers.getFirst("webhook-signature"), body));
            byte[] bytes = answer.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
    }

    public String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/hooks";
    }

    /** From now on it answers so. */
    void answer(int status, String answer) {
        this.answer = answer;
        this.status = status;
    }

    /** Those whose body has this text in it, in their order. */
    public List<Message> messagesWith(String text) {
        return messages.stream()
                .filter(message -> message.body().contains(text))
                .toList();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
