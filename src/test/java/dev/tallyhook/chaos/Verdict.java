package dev.tallyhook.chaos;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What came of it all: the counts that must be 0, and how each fault was felt. */
record Verdict(
        List<Audit.Finding> findings,
        List<PerOutcome> outcomes,
        List<PerSource> sources,
        List<PerFault> faults,
        List<PerEndpoint> endpoints,
        CutOff cutOff,
        int unanswered,
        History history,
        Logs logs) {

    /** An answer, and how long it took while no replica was paused. */
    record PerOutcome(String outcome, int count, Duration median, Duration p99, Duration max) {

        String row() {
            return "| %s | %d | %d ms | %d ms | %d ms |"
                    .formatted(outcome, count, median.toMillis(), p99.toMillis(), max.toMillis());
        }
    }

    /**
     * What came of a source.
     *
     * @param taken requests that were answered with success
     * @param replayed those of them whose events were all known
     * @param stored rows in the ledger
     */
    record PerSource(String source, int taken, int replayed, int stored, int conflicts) {

        /** What stands for the built-in source, as in its path. */
        static final String BUILT_IN = "transactions";

        String row() {
            return "| %s | %d | %d | %d | %d |".formatted(source, taken, replayed, stored, conflicts);
        }
    }

    /**
     * What an endpoint was told.
     *
     * @param taken messages that it took at least once
     * @param repetitions how often it took one that it had taken before
     * @param waiting messages in its queue at the end
     */
    record PerEndpoint(String name, String manner, long taken, long repetitions, long waiting, long deadLetters) {

        String row() {
            return "| %s | %s | %d | %d | %d | %d |".formatted(name, manner, taken, repetitions, waiting, deadLetters);
        }
    }

    /**
     * Calls of several events whose answer never came, because the replica died, the connection broke or it took too long.
     *
     * @param stored those of them that were in the ledger all the same
     */
    record CutOff(int calls, int stored) {}

    /**
     * A fault, over all its strikes.
     *
     * @param recoveryMedian from when the fault was lifted to the first webhook accepted
     * @param fullRecoveryMax from when every replica was healthy to the first webhook that each of them accepted
     * @param silenceMax the longest time in which no webhook was accepted
     * @param lateMax how late a row was finished, or if nobody could have finished it, how long after the fault was lifted
     */
    record PerFault(
            String fault,
            int strikes,
            Duration recoveryMedian,
            Duration recoveryMax,
            Duration fullRecoveryMax,
            Duration silenceMax,
            Duration lateMax) {

        String row() {
            return "| %s | %d | %d ms | %d ms | %d ms | %d ms | %d ms |"
                    .formatted(
                            fault,
                            strikes,
                            recoveryMedian.toMillis(),
                            recoveryMax.toMillis(),
                            fullRecoveryMax.toMillis(),
                            silenceMax.toMillis(),
                            lateMax.toMillis());
        }
    }

    /** What must not be comes first when it fails, because a long message is cut, and the log is long. */
    void assertNoViolation(String run) {
        assertTrue(violations().isEmpty(), () -> run + ": " + violations() + "\n" + logs);
    }

    /** Each thing that must not be, in words. */
    List<String> violations() {
        List<String> violations = new ArrayList<>();
        findings.stream()
                .filter(finding -> finding.count() > 0)
                .map(finding -> finding.count() + " " + finding.name())
                .forEach(violations::add);
        if (unanswered > 0) {
            violations.add(unanswered + " webhooks were still not answered for good a minute after the last fault");
        }
        faults.stream()
                .filter(fault -> fault.recoveryMax().compareTo(Strike.RECOVERY_MAX) > 0)
                .map(fault -> fault.fault() + ": accepted again only after " + fault.recoveryMax())
                .forEach(violations::add);
        faults.stream()
                .filter(fault -> fault.fullRecoveryMax().compareTo(Strike.FULL_RECOVERY_MAX) > 0)
                .map(fault -> fault.fault() + ": a replica accepted again only after " + fault.fullRecoveryMax())
                .forEach(violations::add);
        if (logs.stackTraces() > 0) {
            violations.add(logs.stackTraces() + " stack traces in the logs");
        }
        if (logs.strayLines() > 0) {
            violations.add(logs.strayLines() + " lines in the logs that are no log entries");
        }
        if (history.count(Attempt.ACCEPTED) == 0 || history.count(Attempt.ACCEPTED_BY_SOURCE) == 0) {
            violations.add("nothing was accepted, or no event of a provider, so nothing was tried");
        }
        if (!endpoints.isEmpty() && endpoints.stream().allMatch(endpoint -> endpoint.taken() == 0)) {
            violations.add("nobody was told anything, so nothing was tried");
        }
        return violations;
    }

    /** How much was held against the ledger, in one line. */
    String summary() {
        int rows = sources.stream().mapToInt(PerSource::stored).sum();
        int events = sources.stream()
                .filter(source -> !source.source().equals(PerSource.BUILT_IN))
                .mapToInt(PerSource::stored)
                .sum();
        String audited =
                "audited: %d transactions, of which %d are events of providers; of their calls with several events %d were cut off, %d of them stored"
                        .formatted(rows, events, cutOff.calls(), cutOff.stored());
        return endpoints.isEmpty()
                ? audited
                : audited
                        + "; %d messages taken by %d endpoints, and %d of them again"
                                .formatted(
                                        endpoints.stream()
                                                .mapToLong(PerEndpoint::taken)
                                                .sum(),
                                        endpoints.size(),
                                        endpoints.stream()
                                                .mapToLong(PerEndpoint::repetitions)
                                                .sum());
    }

    /** Markdown, for people and for the documentation. */
    String table() {
        return tables()
                + (endpoints.isEmpty()
                        ? ""
                        : """

                | endpoint | | messages taken | repetitions | waiting at the end | dead letters |
                |---|---|---|---|---|---|
                %s
                """.formatted(endpoints.stream().map(PerEndpoint::row).collect(Collectors.joining("\n"))));
    }

    private String tables() {
        return """
                | requests | |
                |---|---|
                | sent | %d |
                %s

                | source | requests answered with success | of them replays | rows in the ledger | conflicts on record |
                |---|---|---|---|---|
                %s

                | as senders felt it, while no replica was paused | | median | p99 | max |
                |---|---|---|---|---|
                %s

                | must be 0 | |
                |---|---|
                %s
                | webhooks not answered for good at the end | %d |
                | stack traces in the logs | %d |

                | fault | strikes | accepts again: median | max | every replica: max | longest without success | latest finish |
                |---|---|---|---|---|---|---|
                %s
                """.formatted(
                        history.outcomes().values().stream()
                                .mapToLong(java.util.concurrent.atomic.LongAdder::sum)
                                .sum(),
                        history.outcomes().entrySet().stream()
                                .map(outcome -> "| answered " + outcome.getKey() + " | " + outcome.getValue() + " |")
                                .collect(Collectors.joining("\n")),
                        sources.stream().map(PerSource::row).collect(Collectors.joining("\n")),
                        outcomes.stream().map(PerOutcome::row).collect(Collectors.joining("\n")),
                        findings.stream()
                                .map(finding -> "| " + finding.name() + " | " + finding.count() + " |")
                                .collect(Collectors.joining("\n")),
                        unanswered,
                        logs.stackTraces(),
                        faults.stream().map(PerFault::row).collect(Collectors.joining("\n")));
    }
}
