package dev.tallyhook.delivery;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How an endpoint does, as far as this replica has seen, and what of that the others are still to be told. */
final class Health {

    /** What an endpoint asks for beyond this it does not get. */
    private static final Duration REST_MAX = Duration.ofHours(1);

    /** Until it is known to be switched off. If an operator is faster and switches it on again, it is tried again. */
    private static final Duration REST_OF_GONE = Duration.ofSeconds(10);

    private final Circuit circuit;
    private final Runnable opened;
    private boolean delivered;
    private int failed;
    private boolean gone;
    private boolean restIsNew;

    Health(Circuit circuit, Runnable opened) {
        this.circuit = circuit;
        this.opened = opened;
    }

    /**
     * What has happened since it was asked last.
     *
     * @param delivered whether any attempt succeeded
     * @param failed attempts, since the last that succeeded
     * @param gone whether it answered that it wants nothing any more
     * @param rest how long it is left alone; null if that is not new
     */
    record News(
            boolean delivered,
            int failed,
            boolean gone,
            @Nullable Duration rest) {}

    synchronized void attempted(Attempt attempt) {
        if (attempt.isDelivered()) {
            delivered = true;
            failed = 0;
            restIsNew |= circuit.isOpen();
            circuit.succeeded();
            return;
        }
        failed++;
        boolean wasResting = circuit.isResting();
        circuit.failed();
        if (!wasResting && circuit.isResting()) {
            opened.run();
        }
        Duration asked = attempt.retryAfter();
        if (attempt.outcome() == Outcome.THROTTLED && asked != null) {
            circuit.restAsAsked(asked.compareTo(REST_MAX) < 0 ? asked : REST_MAX);
        }
        restIsNew |= circuit.isResting();
        if (attempt.outcome() == Outcome.GONE) {
            gone = true;
            circuit.restAsAsked(REST_OF_GONE); // The others need not know: they read that it is switched off.
        }
    }

    /** How many attempts may be under way, as far as this goes. */
    synchronized int allowed() {
        if (circuit.isResting()) {
            return 0;
        }
        return circuit.isOpen() ? 1 : Integer.MAX_VALUE;
    }

    /** Whether the next attempt shows whether it is well again. */
    synchronized boolean isOnTrial() {
        return circuit.isOpen();
    }

    /** Another replica says that it is left alone. */
    synchronized void rest(Duration rest) {
        circuit.rest(rest);
    }

    /** An operator says that it may be tried. */
    synchronized void forgive() {
        gone = false;
        circuit.close();
    }

    /** Null if nothing has happened. */
    synchronized @Nullable News news() {
        if (!delivered && failed == 0 && !restIsNew) {
            return null;
        }
        var news = new News(delivered, failed, gone, restIsNew ? circuit.resting() : null);
        delivered = false;
        failed = 0;
        gone = false;
        restIsNew = false;
        return news;
    }

    /** They could not be told. */
    synchronized void keep(News news) {
        failed += delivered ? 0 : news.failed();
        delivered |= news.delivered();
        gone |= news.gone();
        restIsNew |= news.rest() != null;
    }
}
