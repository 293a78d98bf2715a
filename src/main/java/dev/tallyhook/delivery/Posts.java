package dev.tallyhook.delivery;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;

/**
 * How a message looks on the wire.
 *
 * @see <a href="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md">Standard Webhooks</a>
 */
final class Posts {

    private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
    private static final CharSequence TALLYHOOK = HttpHeaders.createOptimized("Tallyhook");
    private static final CharSequence WEBHOOK_ID = HttpHeaders.createOptimized("webhook-id");
    private static final CharSequence WEBHOOK_TIMESTAMP = HttpHeaders.createOptimized("webhook-timestamp");
    private static final CharSequence WEBHOOK_SIGNATURE = HttpHeaders.createOptimized("webhook-signature");
    private static final CharSequence TRACEPARENT = HttpHeaders.createOptimized("traceparent");

    private Posts() {}

    static boolean isSecure(URI url) {
        return "https".equalsIgnoreCase(url.getScheme());
    }

    /** To the very address that was judged: the name is only what its certificate and its server are asked for by. */
    static RequestOptions to(URI url, InetAddress address) {
        int port = Guard.port(url);
        return new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setServer(SocketAddress.inetSocketAddress(new InetSocketAddress(address, port)))
                .setHost(url.getHost())
                .setPort(port)
                .setSsl(isSecure(url))
                .setURI(target(url));
    }

    private static String target(URI url) {
        String path = url.getRawPath() == null || url.getRawPath().isEmpty() ? "/" : url.getRawPath();
        return url.getRawQuery() == null ? path : path + '?' + url.getRawQuery();
    }

    /**
     * Writes its head, and makes its body.
     *
     * @throws IllegalArgumentException if it has what no head may have
     */
    static Buffer write(OutgoingRequest message, HttpClientRequest request) {
        request.putHeader(HttpHeaders.CONTENT_TYPE, JSON)
                .putHeader(HttpHeaders.USER_AGENT, TALLYHOOK)
                .putHeader(WEBHOOK_ID, message.webhookId())
                .putHeader(WEBHOOK_TIMESTAMP, Long.toString(message.timestamp()))
                .putHeader(WEBHOOK_SIGNATURE, message.signature());
        if (message.traceparent() != null) {
            request.putHeader(TRACEPARENT, message.traceparent());
        }
        return Buffer.buffer(message.body());
    }
}
