package dev.tallyhook.delivery;

import dev.tallyhook.problem.Blame;
import dev.tallyhook.problem.DatabaseFailure;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Writes down what has come of parcels, on a thread of its own: while one statement is under way the next ones gather, so that many
 * share a commit when there are many, and one waits for nobody.
 */
@Singleton
class Settler {

    /** In one statement at most. */
    private static final int PARCELS_MAX = 500;

    private static final Duration RETRY_PAUSE = Duration.ofMillis(200);

    /** Longer than any lease. */
    private static final Duration LEASE_LONGEST = Duration.ofSeconds(70);

    private final javax.sql.DataSource dataSource;
    private final OutcomeWriter writer;
    private final DeliveryMetrics metrics;
    private final BlockingQueue<Parcel> waiting = new LinkedBlockingQueue<>();
    private boolean failing;

    Settler(@DataSource("delivery") javax.sql.DataSource dataSource, OutcomeWriter writer, DeliveryMetrics metrics) {
        this.dataSource = dataSource;
        this.writer = writer;
        this.metrics = metrics;
    }

    /** Something has come of each of its messages. Does not block; what is under way is bounded, and so are these. */
    void add(Parcel parcel) {
        waiting.add(parcel);
    }

    /**
     * Writes what there is, and waits for it so long.
     *
     * @param written is told of those that are written
     * @return whether there was anything
     */
    boolean settle(Duration patience, Consumer<List<Parcel>> written) throws InterruptedException {
        Parcel first = waiting.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
        if (first == null) {
            return false;
        }
        List<Parcel> parcels = new ArrayList<>();
        parcels.add(first);
        waiting.drainTo(parcels, PARCELS_MAX - 1);
        try {
            write(parcels, written);
        } catch (SQLException failure) {
            failed(failure);
            Thread.sleep(RETRY_PAUSE.toMillis());
            writeApart(parcels, written);
        }
        return true;
    }

    private void write(List<Parcel> parcels, Consumer<List<Parcel>> written) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            metrics.gaveUp(writer.settle(connection, parcels));
        }
        metrics.gaveBack(
                parcels.stream().mapToInt(parcel -> parcel.returned().size()).sum());
        failing = false;
        written.accept(parcels);
    }

    /**
     * One that cannot be written must not stand in the way of the others, and they are tried together again unless it may be one's fault.
     * Until their leases are over; then they are told again by whoever claims them, and writing this would change nothing.
     */
    private void writeApart(List<Parcel> parcels, Consumer<List<Parcel>> written) {
        long now = System.nanoTime();
        for (Parcel parcel : parcels) {
            try {
                write(List.of(parcel), written);
            } catch (SQLException failure) {
                failed(failure);
                if (now - parcel.claimedNanos() < LEASE_LONGEST.toNanos()) {
                    waiting.add(parcel);
                }
                if (DatabaseFailure.blame(failure) == Blame.THE_DATABASE) {
                    parcels.subList(parcels.indexOf(parcel) + 1, parcels.size()).forEach(waiting::add);
                    return;
                }
            }
        }
    }

    private void failed(SQLException failure) {
        metrics.failed();
        if (!failing) {
            failing = true;
            Log.warnf(
                    "What has come of messages cannot be written down; it is tried again, and some may be told twice: %s",
                    failure.getMessage());
        }
    }
}
