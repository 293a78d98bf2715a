package dev.tallyhook.bench;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A service that tells endpoints, on a database of its own, so that no other finishes or tells what is its. */
record TellingSide(Database database, Service service) implements AutoCloseable {

    private static final String WRITE_TOKEN = "a-token-of-those-who-write-0123456789";
    private static final String ENDPOINT = "bench";

    /** A replica that does not know yet that there are endpoints counts everything as wanted; so long it may take to know. */
    private static final Duration KNOWN_WITHIN = Duration.ofSeconds(3);

    private static final Duration TOLD_WITHIN = Duration.ofMinutes(10);

    /**
     * Starts it.
     *
     * @param name of its database, which is made anew
     * @param ports of the endpoints, all on this machine; none at all if nobody is to be told
     */
    static TellingSide start(Bed bed, String name, String delay, List<Integer> ports) throws IOException, InterruptedException, SQLException {
        Map<String, String> settings = new HashMap<>();
        settings.put("TALLYHOOK_PROCESSING_DELAY", delay);
        settings.put("TALLYHOOK_API_WRITE_TOKENS", WRITE_TOKEN);
        settings.put("TALLYHOOK_TELLING_ALLOW_HTTP", "true");
        settings.put("TALLYHOOK_TELLING_ALLOWED_NETWORKS", "127.0.0.0/8");
        for (int i = 0; i < ports.size(); i++) {
            String prefix = "TALLYHOOK_ENDPOINTS_" + ENDPOINT.toUpperCase(Locale.ROOT) + i;
            settings.put(prefix + "_URL", "http://127.0.0.1:" + ports.get(i) + "/told");
            settings.put(prefix + "_SECRETS", Payload.SECRET);
        }
        Database own = bed.database.beside(name);
        var told = new TellingSide(own, Service.start(bed.command(), own, settings));
        Thread.sleep(KNOWN_WITHIN.toMillis());
        return told;
    }

    /** What is finished from now on gathers, and nobody is told. */
    void pause() throws IOException, InterruptedException {
        change("PAUSED");
        Thread.sleep(KNOWN_WITHIN.toMillis());
    }

    private void change(String state) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(
                        URI.create("http://localhost:" + service.port + "/v1/endpoints/" + ENDPOINT + "0"))
                .header("Authorization", "Bearer " + WRITE_TOKEN)
                .header("Content-Type", "application/merge-patch+json")
                .method("PATCH", HttpRequest.BodyPublishers.ofString("{\"state\":\"" + state + "\"}"))
                .build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(answer.statusCode() + " " + answer.body());
        }
    }

    /** Finished in a second, of so many that are due at once; what is told of them is told beside it. */
    double drain(int count) throws Exception {
        database.empty();
        return Finishing.drain(database, count);
    }

    /** Told in a second, from the first message to the last, of so many that are due at once. */
    double told(Receiving receiving, int count) throws Exception {
        receiving.forget();
        drain(count);
        receiving.await(count, TOLD_WITHIN);
        return receiving.told().get(0).perSecond();
    }

    /** The same, of so many that were finished before. */
    double toldAfterwards(Receiving receiving, int count) throws Exception {
        pause();
        receiving.forget();
        drain(count);
        change("ENABLED");
        receiving.await(count, TOLD_WITHIN);
        return receiving.told().get(0).perSecond();
    }

    /** Waits until nothing is to be told any more. */
    void awaitTold() throws SQLException, InterruptedException {
        long deadline = System.nanoTime() + TOLD_WITHIN.toNanos();
        while (database.number("SELECT count(*) FROM deliveries") > 0) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("There is still something to tell");
            }
            Thread.sleep(100);
        }
    }

    @Override
    public void close() {
        service.close();
    }
}
