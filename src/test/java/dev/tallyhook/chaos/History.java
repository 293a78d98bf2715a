package dev.tallyhook.chaos;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/** Every request and every answer, written down by those who sent and got them: what the ledger is held against. */
final class History implements AutoCloseable {

    private final Path attempts;
    private final Path reads;
    private final BufferedWriter attemptsWriter;
    private final BufferedWriter readsWriter;
    private final Map<String, LongAdder> outcomes = new ConcurrentSkipListMap<>();
    private final AtomicReference<Watch> watch = new AtomicReference<>();

    /** Written to files in the directory. */
    History(Path directory) throws IOException {
        Files.createDirectories(directory);
        attempts = directory.resolve("attempts.tsv");
        reads = directory.resolve("reads.tsv");
        attemptsWriter = Files.newBufferedWriter(attempts);
        readsWriter = Files.newBufferedWriter(reads);
    }

    private record Watch(long since, CompletableFuture<Long> accepted) {}

    /** Now, in microseconds of the epoch: the clock of this machine, which PostgreSQL has too. */
    static long now() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    void record(Attempt attempt) {
        outcomes.computeIfAbsent(attempt.outcome(), outcome -> new LongAdder()).increment();
        write(attemptsWriter, attempt.line());
        Watch waiting = watch.get();
        if (waiting != null && attempt.isAccepted() && attempt.sent() >= waiting.since) {
            waiting.accepted.complete(attempt.answered());
        }
    }

    /**
     * Writes down what a reader was told of a transaction.
     *
     * @param said the status of the answer if it is not 200, and otherwise that of the transaction
     */
    void recordRead(String id, long sent, long answered, String said) {
        write(readsWriter, String.join("\t", id, Long.toString(sent), Long.toString(answered), said));
    }

    private static void write(BufferedWriter writer, String line) {
        synchronized (writer) {
            try {
                writer.write(line);
                writer.write('\n');
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
        }
    }

    /** When the first webhook that is sent from now on is accepted, in microseconds of the epoch. */
    CompletableFuture<Long> nextAccepted() {
        var accepted = new CompletableFuture<Long>();
        watch.set(new Watch(now(), accepted));
        return accepted;
    }

    long count(String outcome) {
        LongAdder count = outcomes.get(outcome);
        return count == null ? 0 : count.sum();
    }

    /** How often each outcome came. */
    Map<String, LongAdder> outcomes() {
        return outcomes;
    }

    Path attempts() {
        return attempts;
    }

    Path reads() {
        return reads;
    }

    @Override
    public void close() throws IOException {
        attemptsWriter.close();
        readsWriter.close();
    }
}
