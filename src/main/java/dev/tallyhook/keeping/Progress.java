package dev.tallyhook.keeping;

import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** How deleting goes: the replica that does it writes it down, and every one can tell. */
@ApplicationScoped
public class Progress {

    private static final Duration TOLD = Duration.ofSeconds(5);

    /** What is gone is counted even if somebody else has taken over meanwhile. */
    private static final String TELL = """
            UPDATE keeping
            SET gone = gone + ?,
                behind = CASE WHEN replica = ? THEN ? * interval '1 second' ELSE behind END,
                failing_since = CASE
                    WHEN replica <> ? OR ? THEN failing_since
                    WHEN ? THEN coalesce(failing_since, now()) END
            RETURNING 1
            """;

    private static final String READ = "SELECT gone, extract(epoch FROM behind), failing_since FROM keeping";

    private final DataSource dataSource;
    private final KeepingConfig config;
    private final KeepingMetrics metrics;
    private long gone;
    private Duration behind = Duration.ZERO;

    /** Null while this replica has not gone through all that is to go: until then what another one said holds. */
    private @Nullable Boolean isFailing;

    private long toldNanos = System.nanoTime();

    Progress(DataSource dataSource, KeepingConfig config, KeepingMetrics metrics) {
        this.dataSource = dataSource;
        this.config = config;
        this.metrics = metrics;
    }

    /**
     * What is to be seen of it.
     *
     * @param keep how long a transaction is kept from when it was finished (ISO 8601), by this replica's settings; null if for ever
     * @param archived whether it is written to an archive before it goes
     * @param gone transactions that replicas have deleted, about, because they write it down later; one that was loaded back counts again
     * @param behindSeconds since the oldest one should have gone, as last seen; 0 if it keeps up
     * @param failingSince when something could not be archived or deleted; null if what was tried last went well
     */
    public record Seen(
            @Nullable String keep,
            boolean archived,
            long gone,
            double behindSeconds,
            @Nullable Instant failingSince) {}

    /** Nothing where nothing is to go. */
    public Optional<Seen> read(Connection connection) throws SQLException {
        if (!KeepingRules.isAnythingToGo(config)) {
            return Optional.empty();
        }
        return new Sql()
                        .add(READ)
                        .query(
                                connection,
                                row -> new Seen(
                                        config.keep().orElse(null),
                                        config.archiveTo().isPresent(),
                                        row.getLong(1),
                                        row.getDouble(2),
                                        Timestamps.orNull(row, 3)))
                        .stream()
                        .findFirst();
    }

    /** Somebody else has done it so far. */
    void begin() {
        isFailing = null;
        behind = Duration.ZERO;
    }

    void gone(String kind, long number) {
        metrics.gone(kind, number);
        if (kind.equals(Keeping.TRANSACTIONS)) {
            gone += number;
        }
    }

    void behind(Duration overstayed) {
        metrics.behind(overstayed);
        behind = overstayed;
    }

    void failed() {
        metrics.failed();
        isFailing = true;
    }

    void succeeded() {
        isFailing = false;
    }

    /** Writes it down, unless that was a moment ago. */
    void tellNowAndThen(Lease lease) {
        if (System.nanoTime() - toldNanos > TOLD.toNanos()) {
            tell(lease);
        }
    }

    /** What cannot be written down now is told next time: nothing waits for it. */
    void tell(Lease lease) {
        if (gone == 0 && !lease.isTaken()) {
            return;
        }
        toldNanos = System.nanoTime();
        try {
            new Sql()
                    .add(
                            TELL,
                            gone,
                            lease.name(),
                            behind.toSeconds(),
                            lease.name(),
                            isFailing == null,
                            Boolean.TRUE.equals(isFailing))
                    .query(dataSource, row -> true);
            gone = 0;
        } catch (SQLException | RuntimeException away) {
            Log.debugf("How deleting goes is told later: %s", away.getMessage());
        }
    }
}
