package dev.tallyhook.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.function.IntFunction;
import org.HdrHistogram.Histogram;

/** What a reader waits for answers, one after the other over one connection. */
final class Pages {

    /** Of each kind. */
    static final int WARM_UP = 20;

    private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final ObjectMapper json = new ObjectMapper();
    private final int port;
    private long notAnswered;

    Pages(Service service) {
        this.port = service.port;
    }

    /** Answers other than 200. */
    long notAnswered() {
        return notAnswered;
    }

    /** The first answers load classes and compile. What they ask for is not what is asked for later. */
    void warm(Collection<IntFunction<String>> paths) throws IOException, InterruptedException {
        for (int i = 1; i <= WARM_UP; i++) {
            for (var path : paths) {
                get(path.apply(-i), new Histogram(3));
            }
        }
    }

    /** In microseconds; the path is told which of them it is for. */
    Histogram times(int count, IntFunction<String> path) throws IOException, InterruptedException {
        var times = new Histogram(3);
        for (int i = 0; i < count; i++) {
            get(path.apply(i), times);
        }
        return times;
    }

    /** Of so many pages that follow each other, or fewer if the list ends. */
    Histogram deep(int count, String path) throws IOException, InterruptedException {
        var times = new Histogram(3);
        String next = path;
        for (int i = 0; i < count; i++) {
            JsonNode cursor = json.readTree(get(next, times)).path("next_cursor");
            if (!cursor.isTextual()) {
                return times;
            }
            next = path + "&cursor=" + URLEncoder.encode(cursor.asText(), StandardCharsets.UTF_8);
        }
        return times;
    }

    private String get(String path, Histogram times) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).build();
        long start = System.nanoTime();
        var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        times.recordValue((System.nanoTime() - start) / 1_000);
        if (answer.statusCode() != 200) {
            notAnswered++;
            Report.progress("  " + answer.statusCode() + " for " + path);
        }
        return answer.body();
    }
}
