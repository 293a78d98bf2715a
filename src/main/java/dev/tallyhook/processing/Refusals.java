package dev.tallyhook.processing;

import dev.tallyhook.problem.DatabaseFailure;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Whether the database has refused to have anything finished, whichever row, for so long that it is no accident. The poller and sweeps, of all
 * replicas, pass over what another of them is trying right now, and the poller's watermark passes what it was kept from: so they may succeed at
 * nothing, while nothing is finished. Such a success says neither one nor the other. Of a distributed ledger each server has its own.
 */
@ApplicationScoped
class Refusals {

    private final long maxNanos;
    private final LongSupplier clock;
    private boolean refused;
    private long sinceNanos;
    private long latestNanos;

    @Inject
    Refusals(ProcessingConfig config) {
        this(config.stalledAfter(), System::nanoTime);
    }

    /**
     * None yet.
     *
     * @param max so long they may last, and after so long without another they are over
     * @param clock in nanoseconds, as {@link System#nanoTime}
     */
    Refusals(Duration max, LongSupplier clock) {
        this.maxNanos = max.toNanos();
        this.clock = clock;
    }

    /** A row that stands for any was refused, or the statement was. */
    synchronized void refused() {
        long now = clock.getAsLong();
        if (!isRecent(now)) {
            sinceNanos = now;
        }
        refused = true;
        latestNanos = now;
    }

    /**
     * Notes what a claim, or a trial, failed with, unless it is a database that is away, of which the poller's failures tell. A database that
     * answers, and refuses the statement, would refuse any row, perhaps because a trigger that somebody added asks for what is not there, or
     * not allowed.
     *
     * @return that failure
     */
    SQLException noted(SQLException failure) {
        if (!DatabaseFailure.isOfTheServer(failure)) {
            refused();
        }
        return failure;
    }

    /** Something was finished. */
    synchronized void over() {
        refused = false;
    }

    /** Whether there is nothing else, for longer than it may be so. */
    synchronized boolean goOn() {
        return isRecent(clock.getAsLong()) && latestNanos - sinceNanos > maxNanos;
    }

    private boolean isRecent(long now) {
        return refused && now - latestNanos <= maxNanos;
    }
}
