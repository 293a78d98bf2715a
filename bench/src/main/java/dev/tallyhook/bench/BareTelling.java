package dev.tallyhook.bench;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the service's HTTP client does by itself: a loop that sends a message of the service's, signed already, over as many connections,
 * each as soon as the one before is answered. A process of its own, for {@link Companion}.
 */
final class BareTelling {

    private final int connections;
    private final HttpClient client;
    private final RequestOptions options;
    private final Buffer body;
    private final Vertx vertx = Vertx.vertx();
    private final AtomicLong taken = new AtomicLong();
    private volatile long end;

    private BareTelling(int connections, String request) {
        this.connections = connections;
        int head = request.indexOf("\r\n\r\n");
        String[] lines = request.substring(0, head).split("\r\n");
        body = Buffer.buffer(request.substring(head + 4), "ISO-8859-1");
        options = new RequestOptions().setMethod(HttpMethod.POST).setHost("127.0.0.1").setURI(lines[0].split(" ")[1]);
        for (int i = 1; i < lines.length; i++) {
            String name = lines[i].substring(0, lines[i].indexOf(':'));
            String value = lines[i].substring(name.length() + 1).trim();
            if (name.toLowerCase(Locale.ROOT).equals("host")) {
                options.setPort(Integer.parseInt(value.substring(value.indexOf(':') + 1)));
            } else {
                options.putHeader(name, value);
            }
        }
        client = vertx.createHttpClient(
                new HttpClientOptions().setKeepAlive(true), new PoolOptions().setHttp1MaxSize(connections));
    }

    /**
     * Answers each line of its input, a number of seconds, with how many were taken in a second.
     *
     * @param arguments connections, and a request as it came to a receiver, in Base64
     */
    public static void main(String... arguments) throws IOException, InterruptedException {
        var request = new String(Base64.getDecoder().decode(arguments[1]), StandardCharsets.ISO_8859_1);
        var loop = new BareTelling(Integer.parseInt(arguments[0]), request);
        try (var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(loop.perSecond(Long.parseLong(line)));
            }
        }
        System.exit(0);
    }

    private double perSecond(long seconds) throws InterruptedException {
        taken.set(0);
        long start = System.nanoTime();
        end = start + TimeUnit.SECONDS.toNanos(seconds);
        var done = new CountDownLatch(connections);
        for (int i = 0; i < connections; i++) {
            vertx.runOnContext(unused -> send(done));
        }
        done.await();
        return taken.get() / ((System.nanoTime() - start) / 1e9);
    }

    private void send(CountDownLatch done) {
        if (System.nanoTime() >= end) {
            done.countDown();
            return;
        }
        client.request(options)
                .compose(request -> request.send(body))
                .compose(HttpClientResponse::body)
                .onComplete(answer -> {
                    if (answer.failed()) {
                        throw new IllegalStateException(answer.cause());
                    }
                    taken.incrementAndGet();
                    send(done);
                });
    }
}
