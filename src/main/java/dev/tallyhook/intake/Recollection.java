package dev.tallyhook.intake;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Recalling;
import dev.tallyhook.source.Source;
import dev.tallyhook.source.Sources;
import dev.tallyhook.transaction.RawRequests;
import io.quarkus.logging.Log;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** At the start, tells those schemes that learn from earlier deliveries what the ledger keeps of the newest one. Nobody waits for it, and a command does without. */
@Singleton
class Recollection {

    private final DataSource dataSource;
    private final Distribution distribution;

    Recollection(DataSource dataSource, Distribution distribution) {
        this.dataSource = dataSource;
        this.distribution = distribution;
    }

    void start(
            @Observes StartupEvent event,
            Sources sources,
            @ConfigProperty(name = "quarkus.scheduler.enabled", defaultValue = "true") boolean scheduled) {
        begin(sources.all(), scheduled);
    }

    /**
     * In a thread of its own, if anybody learns.
     *
     * @param scheduled a command has no schedule, and takes no webhooks for which anything would have to be known
     */
    Optional<Thread> begin(Collection<Source> sources, boolean scheduled) {
        List<Source> recalling = sources.stream()
                .filter(source -> source.scheme() instanceof Recalling)
                .toList();
        if (!scheduled || recalling.isEmpty()) {
            return Optional.empty();
        }
        var thread = new Thread(() -> recalling.forEach(this::recall), "recollection");
        thread.setDaemon(true);
        thread.start();
        return Optional.of(thread);
    }

    /** Does nothing for a source whose scheme learns nothing. */
    void recall(Source source) {
        if (source.scheme() instanceof Recalling scheme) {
            try {
                newest(source.name()).ifPresent(scheme::recall);
            } catch (SQLException | RuntimeException e) {
                Log.warnf("What %s has sent before could not be recalled, and is learned anew: %s", source.name(), e);
            }
        }
    }

    private Optional<Delivery> newest(String source) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return RawRequests.newest(connection, source, distribution.map().isPresent())
                    .map(RawDelivery::restore);
        }
    }
}
