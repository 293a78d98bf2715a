package dev.tallyhook.delivery;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.problem.Violation;
import dev.tallyhook.transaction.Identifier;
import dev.tallyhook.transaction.Timestamps;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is to be sent again: one transaction, one dead letter or all of them, or all that was finished in a stretch of time.
 *
 * @param transactionId of the one; null if it is something else
 * @param deadLetterId of the one; null if it is something else
 * @param since inclusive; null if it is something else
 * @param until exclusive, and not in the future
 * @param dryRun whether it is only to be counted
 */
record ReplayRequest(
        @Nullable String transactionId,
        @Nullable Long deadLetterId,
        @Nullable Instant since,
        Instant until,
        boolean dryRun) {

    /** As whoever sent something else is shown it. */
    static final String EXAMPLE = "{\"since\":\"2025-10-29T10:30:00Z\"}";

    private static final String TRANSACTION_ID = "transaction_id";
    private static final String DEAD_LETTER_ID = "dead_letter_id";
    private static final String FAILED = "failed";
    private static final String SINCE = "since";
    private static final String UNTIL = "until";
    private static final String DRY_RUN = "dry_run";
    private static final List<String> MEMBERS = List.of(TRANSACTION_ID, DEAD_LETTER_ID, FAILED, SINCE, UNTIL, DRY_RUN);

    /** A flood of unknown members need not all be answered. */
    private static final int VIOLATIONS_MAX = 20;

    /**
     * Reads one.
     *
     * @param now by the database's clock
     * @throws ProblemException 422 with everything that is wrong; a member that nobody knows is, because a slip in {@code dry_run} would
     *     send everything
     */
    static ReplayRequest read(JsonNode body, Instant now) {
        var violations = new ArrayList<Violation>();
        body.fieldNames().forEachRemaining(name -> {
            if (!MEMBERS.contains(name)) {
                violations.add(new Violation(nameable(name), "is none of " + String.join(", ", MEMBERS)));
            }
        });
        String transactionId = transactionId(body.path(TRANSACTION_ID), violations);
        Long deadLetterId = deadLetterId(body.path(DEAD_LETTER_ID), violations);
        if (body.has(FAILED) && !body.path(FAILED).equals(BooleanNode.TRUE)) {
            violations.add(new Violation(FAILED, "must be true"));
        }
        Instant since = time(SINCE, body, now, violations);
        Instant until = time(UNTIL, body, now, violations);
        if (body.has(DRY_RUN) && !body.path(DRY_RUN).isBoolean()) {
            violations.add(new Violation(DRY_RUN, "must be true or false"));
        }
        requireOne(body, violations);
        if (since != null && until != null && !until.isAfter(since)) {
            violations.add(new Violation(UNTIL, "must be after since"));
        }
        if (!violations.isEmpty()) {
            throw ProblemException.unprocessable(
                    List.copyOf(violations.subList(0, Math.min(violations.size(), VIOLATIONS_MAX))));
        }
        return new ReplayRequest(
                transactionId,
                deadLetterId,
                since,
                until == null ? now : until,
                body.path(DRY_RUN).booleanValue());
    }

    private static void requireOne(JsonNode body, List<Violation> violations) {
        if (Stream.of(TRANSACTION_ID, DEAD_LETTER_ID, FAILED, SINCE)
                        .filter(body::has)
                        .count()
                != 1) {
            violations.add(new Violation(
                    TRANSACTION_ID, "or dead_letter_id, failed or since must be given, and one of them alone"));
        }
        if (body.has(UNTIL) && !body.has(SINCE)) {
            violations.add(new Violation(UNTIL, "must not be given without since"));
        }
    }

    private static @Nullable String transactionId(JsonNode value, List<Violation> violations) {
        if (value.isMissingNode()) {
            return null;
        }
        String violation = value.isTextual() ? Identifier.violationAsId(value.textValue()) : "must be a string";
        if (violation != null) {
            violations.add(new Violation(TRANSACTION_ID, violation));
        }
        return value.textValue();
    }

    private static @Nullable Long deadLetterId(JsonNode value, List<Violation> violations) {
        if (value.isMissingNode()) {
            return null;
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 1) {
            violations.add(
                    new Violation(DEAD_LETTER_ID, "must be a whole number from 1, as in the list of dead letters"));
        }
        return value.longValue();
    }

    /** In microseconds, as PostgreSQL keeps times. */
    private static @Nullable Instant time(String name, JsonNode body, Instant now, List<Violation> violations) {
        if (!body.has(name)) {
            return null;
        }
        Instant time = Timestamps.parse(
                        body.path(name).isTextual() ? body.path(name).textValue() : "")
                .map(at -> at.truncatedTo(ChronoUnit.MICROS))
                .orElse(null);
        if (time == null) {
            violations.add(new Violation(name, "must be an RFC 3339 time, such as 2025-10-29T10:30:00Z"));
        } else if (time.isAfter(now)) {
            violations.add(new Violation(name, "must not be in the future"));
        }
        return time;
    }

    /** A name comes back in the answer, so it is cut to what a name can be. */
    private static String nameable(String name) {
        String plain = name.replaceAll("[^A-Za-z0-9_.-]", "?");
        return plain.length() > 40 ? plain.substring(0, 40) : plain;
    }
}
