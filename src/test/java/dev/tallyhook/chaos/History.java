package dev.tallyhook.chaos;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;

/** Every request and every answer, written down by those who sent and got them: what the ledger is held against. */
final class History implements AutoCloseable {

    /** Within this a webhook is answered. */
    private static final long PROMISED_MICROS = 500_000;

    private final Path attempts;
    private final Path reads;
    private final BufferedWriter attemptsWriter;
    private final BufferedWriter readsWriter;
    private final Map<String, LongAdder> outcomes = new ConcurrentSkipListMap<>();
    private final LongAdder slow = new LongAdder();
    private final List<Watch> watches = new CopyOnWriteArrayList<>();
    private int receivers;

    /** Written to files in the directory. */
    History(Path directory) throws IOException {
        Files.createDirectories(directory);
        attempts = directory.resolve("attempts.tsv");
        reads = directory.resolve("reads.tsv");
        attemptsWriter = Files.newBufferedWriter(attempts);
        readsWriter = Files.newBufferedWriter(reads);
    }

    /** Waits for webhooks that were sent since then to be accepted, one by each of so many. */
    private record Watch(long since, int receivers, Set<Integer> accepting, CompletableFuture<Long> accepted) {

        void see(Attempt attempt) {
            if (attempt.isAccepted()
                    && attempt.sent() >= since
                    && accepting.add(attempt.receiver())
                    && accepting.size() >= receivers) {
                accepted.complete(attempt.answered());
            }
        }
    }

    /** Now, in microseconds of the epoch: the clock of this machine, which PostgreSQL has too. */
    static long now() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    void record(Attempt attempt) {
        outcomes.computeIfAbsent(attempt.outcome(), outcome -> new LongAdder()).increment();
        if (attempt.answered() - attempt.sent() > PROMISED_MICROS) {
            slow.increment();
        }
        write(attemptsWriter, attempt.line());
        watches.forEach(watch -> watch.see(attempt));
        watches.removeIf(watch -> watch.accepted.isDone());
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
        return watch(1);
    }

    /** When everyone to whom senders send has accepted one of those that are sent from now on, in microseconds of the epoch. */
    CompletableFuture<Long> nextAcceptedByEach() {
        return watch(receivers);
    }

    private CompletableFuture<Long> watch(int acceptingMin) {
        var watch = new Watch(now(), acceptingMin, ConcurrentHashMap.newKeySet(), new CompletableFuture<>());
        watches.add(watch);
        return watch.accepted;
    }

    /** To so many replicas or balancers senders will send. */
    void expectReceivers(int count) {
        receivers = count;
    }

    long count(String outcome) {
        LongAdder count = outcomes.get(outcome);
        return count == null ? 0 : count.sum();
    }

    /** How often each outcome came. */
    Map<String, LongAdder> outcomes() {
        return outcomes;
    }

    /** Tries that took longer than the service promises, by the clock of the senders, who wait for balancers and processors too. */
    long slow() {
        return slow.sum();
    }

    Path attempts() {
        return attempts;
    }

    Path reads() {
        return reads;
    }

    /** What was recorded so far is in the files from now on. */
    void flush() throws IOException {
        attemptsWriter.flush();
        readsWriter.flush();
    }

    @Override
    public void close() throws IOException {
        attemptsWriter.close();
        readsWriter.close();
    }
}
