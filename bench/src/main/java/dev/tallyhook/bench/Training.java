package dev.tallyhook.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Has the packaged service do once all that it does, so that its JVM can write down what that takes: with
 * {@code -Dbench.jvm=-XX:AOTCacheOutput=…} the archive that later starts begin with is there when this ends.
 */
final class Training {

    private static final int CONNECTIONS = 8;
    private static final Duration WEBHOOKS = Duration.ofSeconds(5);
    private static final Duration FINISHING = Duration.ofSeconds(2);

    private static final List<String> READS = List.of(
            "/", "/v1/transactions", "/v1/transactions?status=PROCESSED&limit=1", "/v1/conflicts", "/v1/activity", "/openapi.json");

    private Training() {}

    /**
     * Trains it.
     *
     * @param arguments the folder in which {@code quarkus-app} is
     */
    public static void main(String... arguments) throws Exception {
        var settings = Map.of("TALLYHOOK_PROCESSING_DELAY", "PT1S");
        try (var database = Database.embedded();
                var service = Service.start(Service.command(Path.of(arguments[0]), false), database, settings)) {
            var sent = new LoadGenerator(service.port, CONNECTIONS).closed(WEBHOOKS);
            for (String read : READS) {
                service.read(read);
            }
            service.scrape();
            Thread.sleep(FINISHING.toMillis());
            System.out.println("Trained with " + sent.accepted.getTotalCount() + " webhooks");
        }
    }
}
