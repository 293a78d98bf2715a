package dev.tallyhook.operations;

import dev.tallyhook.problem.ProblemException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What was read a short time ago. One reads for all who ask, however many do; what nobody asks for is not read. */
final class Fresh<T> {

    /** How long to wait for another who is reading already. */
    private static final Duration PATIENCE = Duration.ofMillis(300);

    /** Reads it; one at a time. */
    interface Reader<T> {
        T read() throws SQLException;
    }

    private final Duration freshFor;
    private final Reader<T> reader;
    private final ReentrantLock reading = new ReentrantLock();
    private @Nullable T latest;
    private long readNanos;

    Fresh(Duration freshFor, Reader<T> reader) {
        this.freshFor = freshFor;
        this.reader = reader;
    }

    /**
     * At most as old as it may be.
     *
     * @throws ProblemException 503 if the database is slow
     */
    T get() throws SQLException, InterruptedException {
        // While a database that hangs is waited for, those who ask meanwhile are not to wait one after the other.
        if (!reading.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            throw ProblemException.unavailable("The database is slow to tell; try again");
        }
        try {
            T known = latest;
            if (known == null || System.nanoTime() - readNanos >= freshFor.toNanos()) {
                known = reader.read();
                latest = known;
                readNanos = System.nanoTime();
            }
            return known;
        } finally {
            reading.unlock();
        }
    }
}
