package dev.tallyhook;

import com.atlassian.oai.validator.model.Request;
import com.atlassian.oai.validator.model.SimpleRequest;
import com.atlassian.oai.validator.model.SimpleResponse;
import dev.tallyhook.source.Hmac;
import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** The running service, as a sender and a reader see it who go by its document. */
final class DocumentedService {

    static final String TOKEN = "reader-one-0123456789";
    static final String OTHER_TOKEN = "reader-two-0123456789";
    static final String HOLD_TOKEN = "holder-one-0123456789";
    static final String RAW_TOKEN = "raw-reader-0123456789";
    static final String WRITE_TOKEN = "writer-one-0123456789";

    static final String OTHER_SECRET = "whsec_VGhlIG90aGVyIHNlY3JldCBvZiB0aGUgdGVzdHMu";
    static final KeyPair PAIR = Senders.keyPair(new byte[32]);

    static final String EVENTS_PATH = "/v1/webhooks/shop";

    private static final String OPTIONS = "quarkus.datasource.jdbc.additional-jdbc-properties.options";

    private static final String EVENTS_SECRET = "whsec_of_the_shop";

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI root;

    DocumentedService(URI root) {
        this.root = root;
    }

    /** Two secrets, one public key, two tokens, a named source, so that 401 can be had, and there is little room, so that 503 can. */
    public static final class Profile implements QuarkusTestProfile {
        @Override
        public Map<String, String> getConfigOverrides() {
            return Map.ofEntries(
                    Map.entry("tallyhook.open-access", "false"),
                    Map.entry(
                            "tallyhook.webhook.secrets",
                            String.join(",", Senders.SECRET, OTHER_SECRET, Senders.publicKey(PAIR))),
                    Map.entry("tallyhook.api.tokens", TOKEN + "," + OTHER_TOKEN),
                    Map.entry("tallyhook.api.hold-tokens", HOLD_TOKEN),
                    Map.entry("tallyhook.api.raw-tokens", RAW_TOKEN),
                    Map.entry("tallyhook.api.write-tokens", WRITE_TOKEN),
                    Map.entry("tallyhook.sources.shop.scheme", "stripe"),
                    Map.entry("tallyhook.sources.shop.secrets", EVENTS_SECRET),
                    Map.entry("tallyhook.sources.shop.body-size-max", "64K"),
                    Map.entry("tallyhook.intake.waiting-max", "1"),
                    Map.entry("tallyhook.processing.delay", "PT3S"),
                    // A reader's 503 is provoked by a lock, which is waited for as long as that.
                    Map.entry(OPTIONS, options().replace("lock_timeout=2s", "lock_timeout=300ms")));
        }

        private static String options() {
            try {
                return ApplicationProperties.read().getProperty(OPTIONS);
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }

    /** A request and its answer. */
    record Exchange(HttpRequest request, SimpleRequest sent, HttpResponse<String> answer) {

        int status() {
            return answer.statusCode();
        }

        String body() {
            return answer.body();
        }

        String path() {
            return request.uri().getRawPath();
        }

        Request.Method method() {
            return Request.Method.valueOf(request.method());
        }

        SimpleResponse toResponse() {
            var simple = SimpleResponse.Builder.status(status()).withBody(body(), StandardCharsets.UTF_8);
            answer.headers().map().forEach((name, values) -> simple.withHeader(name, values));
            return simple.build();
        }
    }

    /** Signs the body and posts it. */
    Exchange post(String body) {
        return post(body.getBytes(StandardCharsets.UTF_8));
    }

    Exchange post(byte[] body) {
        return post(body, "application/json");
    }

    Exchange post(byte[] body, String type) {
        long now = Senders.now();
        Map<String, String> headers = new LinkedHashMap<>(
                Senders.headers("msg_1", now, Senders.signBytes(Senders.SECRET, "msg_1", now, body)));
        headers.put("Content-Type", type);
        return send("POST", Webhooks.PATH, body, headers);
    }

    Exchange postUnsigned(String body) {
        return send(
                "POST",
                Webhooks.PATH,
                body.getBytes(StandardCharsets.UTF_8),
                Map.of("Content-Type", "application/json"));
    }

    /** Signs the body as Stripe does, and posts it for the source that is configured. */
    Exchange postEvent(String body) {
        return postEvent(EVENTS_PATH, body);
    }

    Exchange postEvent(String path, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        long now = Senders.now();
        String signature = Hmac.ofText(EVENTS_SECRET, Hmac.SHA256).signHex(Hmac.bytes(now + "."), bytes);
        return send(
                "POST",
                path,
                bytes,
                Map.of("Content-Type", "application/json", "Stripe-Signature", "t=" + now + ",v1=" + signature));
    }

    Exchange postEventUnsigned(String body) {
        return send(
                "POST", EVENTS_PATH, body.getBytes(StandardCharsets.UTF_8), Map.of("Content-Type", "application/json"));
    }

    /** Asks with a token. */
    Exchange get(String path) {
        return get(path, TOKEN);
    }

    Exchange get(String path, String token) {
        return send("GET", path, new byte[0], Map.of("Authorization", "Bearer " + token));
    }

    /** Tells it to do something, with a token that may, or with another one. */
    Exchange command(String path, String token, String type, String body) {
        return command("POST", path, token, type, body);
    }

    Exchange command(String method, String path, String token, String type, String body) {
        return send(
                method,
                path,
                body.getBytes(StandardCharsets.UTF_8),
                Map.of("Authorization", "Bearer " + token, "Content-Type", type));
    }

    Exchange getWithoutToken(String path) {
        return send("GET", path, new byte[0], Map.of());
    }

    private Exchange send(String method, String path, byte[] body, Map<String, String> headers) {
        var request = HttpRequest.newBuilder(root.resolve(path))
                .method(
                        method,
                        body.length == 0
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofByteArray(body));
        headers.forEach(request::header);
        HttpRequest built = request.build();
        try {
            return new Exchange(built, asSent(built, body), client.send(built, HttpResponse.BodyHandlers.ofString()));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException stopped) {
            throw new IllegalStateException(stopped);
        }
    }

    private static SimpleRequest asSent(HttpRequest request, byte[] body) {
        var sent = new SimpleRequest.Builder(request.method(), request.uri().getRawPath(), true);
        request.headers().map().forEach((name, values) -> sent.withHeader(name, values));
        String query = request.uri().getRawQuery();
        for (String parameter : query == null ? new String[0] : query.split("&")) {
            String[] parts = parameter.split("=", 2);
            sent.withQueryParam(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
        }
        return body.length == 0 ? sent.build() : sent.withBody(body).build();
    }

    /** Sends all of them at one time, and gives all answers. */
    static List<Exchange> atOnce(List<Supplier<Exchange>> requests) {
        var answers = requests.stream()
                .map(request -> CompletableFuture.supplyAsync(request, task -> new Thread(task).start()))
                .toList();
        return answers.stream().map(CompletableFuture::join).toList();
    }
}
