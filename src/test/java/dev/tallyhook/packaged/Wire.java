package dev.tallyhook.packaged;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** A connection of HTTP/1.1 on which every byte is the test's own. */
final class Wire {

    private Wire() {}

    /** Of a webhook, but for the length of its body and the empty line. */
    static final String HEAD =
            "POST " + Webhooks.PATH + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

    static final String PROBE = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    static Socket connect(Service service) throws IOException {
        var socket = new Socket("localhost", service.port());
        socket.setSoTimeout(15_000);
        return socket;
    }

    static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** What comes until the connection is closed. */
    static String untilClosed(Socket socket) throws IOException {
        var text = new StringBuilder();
        try {
            for (int next = socket.getInputStream().read();
                    next >= 0;
                    next = socket.getInputStream().read()) {
                text.append((char) next);
            }
        } catch (SocketException reset) {
            // Closed too, while something was still unread.
        } catch (SocketTimeoutException stillOpen) {
            text.append("still open");
        }
        return text.toString();
    }

    /** Sends a byte at a time until the connection is closed; answers what came. */
    static String drip(Socket socket, String text) throws Exception {
        Thread dripping = new Thread(() -> {
            try {
                for (int i = 0; i < text.length(); i++) {
                    send(socket, text.substring(i, i + 1));
                    Thread.sleep(100);
                }
            } catch (IOException | InterruptedException closed) {
                // That is what is awaited.
            }
        });
        dripping.start();
        String answer = untilClosed(socket);
        dripping.interrupt();
        dripping.join();
        return answer;
    }

    /** The first line of the answer. */
    static String probe(Socket socket) throws IOException {
        send(socket, PROBE);
        byte[] answer = new byte[4096];
        int length = socket.getInputStream().read(answer);
        return length < 0 ? "closed" : new String(answer, 0, Math.min(length, 15), StandardCharsets.US_ASCII);
    }
}
