package dev.tallyhook.processing;

import java.sql.SQLException;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One way through what is due, batch after batch. Where a page is damaged, which keeps rows from being read at all, it goes on behind
 * them, and fails at the end.
 */
final class SweepPass {

    /** What one pass finishes at most, in batches; the next one goes on. */
    private static final int BATCHES_MAX = 10_000;

    /** So many tries in vain are the end of a pass: a page has some thirty rows, and a few tries lead to each. */
    private static final int TRIES_MAX = 1_000;

    /** By so much is a batch divided that meets damage. */
    private static final int DIVISOR = 8;

    /** As near as what cannot be read is found; what is due in between waits with it. */
    private static final Duration NEAR = Duration.ofMillis(1);

    /** Nothing that the service has stored was due earlier. */
    private static final OffsetDateTime EARLIEST = OffsetDateTime.of(2000, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

    interface Finish {
        Due.Batch finish(OffsetDateTime watermark, int batchSize) throws SQLException;
    }

    private final Finish statement;
    private final int usualSize;
    private final Consumer<Due.Batch> finished;
    private final BooleanSupplier stopping;
    private final boolean goesAround;
    private int tries;
    private @Nullable UnreadableException damage;
    private @Nullable SQLException failureOfPart;

    /**
     * Through what a statement finds.
     *
     * @param goesAround whether to look for a way around what cannot be read; if not, the pass ends there
     */
    SweepPass(
            Finish statement,
            int usualSize,
            Consumer<Due.Batch> finished,
            BooleanSupplier stopping,
            boolean goesAround) {
        this.statement = statement;
        this.usualSize = usualSize;
        this.finished = finished;
        this.stopping = stopping;
        this.goesAround = goesAround;
    }

    /**
     * Finishes what can be, and says whether there may be more.
     *
     * @throws UnreadableException after that, if something cannot be read
     * @throws SQLException also after that, if a part of the ledger has failed
     */
    boolean goThrough(OffsetDateTime from) throws SQLException {
        OffsetDateTime watermark = from;
        int size = usualSize;
        boolean isFull = true;
        for (int i = 0; i < BATCHES_MAX && isFull && !stopping.getAsBoolean(); i++) {
            Due.Batch batch = finish(watermark, size);
            if (batch != null) {
                size = batch.next(watermark, size, usualSize);
                watermark = batch.watermark();
                isFull = batch.isFull();
            } else if (size > 1) {
                size = Math.max(1, size / DIVISOR);
            } else {
                watermark = behindDamage(watermark, Objects.requireNonNull(damage));
            }
        }
        if (damage != null) {
            throw damage;
        }
        if (failureOfPart != null) {
            throw failureOfPart;
        }
        return isFull;
    }

    /** Nothing if it cannot be read. */
    private Due.@Nullable Batch finish(OffsetDateTime watermark, int size) throws SQLException {
        try {
            Due.Batch batch = statement.finish(watermark, size);
            finished.accept(batch);
            if (batch.failure() != null && !(failureOfPart instanceof UnreadableException)) {
                failureOfPart = batch.failure();
            }
            return batch;
        } catch (UnreadableException unreadable) {
            damage = unreadable;
            tries++;
            if (tries > TRIES_MAX || !goesAround) {
                throw unreadable;
            }
            return null;
        }
    }

    /** In steps that grow until one leads behind it, and then back to near its end. */
    private OffsetDateTime behindDamage(OffsetDateTime watermark, UnreadableException here) throws SQLException {
        OffsetDateTime before = watermark.isBefore(EARLIEST) ? EARLIEST : watermark;
        OffsetDateTime behind = before.plus(NEAR);
        for (Duration step = NEAR; finish(behind, 1) == null; step = step.multipliedBy(2)) {
            if (behind.isAfter(here.now())) {
                throw here; // Not even that nothing is due there can be read.
            }
            before = behind;
            behind = before.plus(step);
        }
        while (Duration.between(before, behind).compareTo(NEAR) > 0) {
            OffsetDateTime between =
                    before.plus(Duration.between(before, behind).dividedBy(2));
            if (finish(between, 1) == null) {
                before = between;
            } else {
                behind = between;
            }
        }
        return behind;
    }
}
