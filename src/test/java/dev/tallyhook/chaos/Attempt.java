package dev.tallyhook.chaos;

import org.jspecify.annotations.Nullable;

/**
 * One try to deliver what a sender has to tell, and what came of it.
 *
 * @param receiver to which replica or balancer it was sent, by its number
 * @param sent when, in microseconds of the epoch
 * @param answered when the answer was there, or it was clear that none would come
 * @param outcome the status, or {@code refused}, {@code broken} or {@code timeout}
 * @param replayed whether the answer said that it was stored before
 */
record Attempt(Call call, int receiver, long sent, long answered, String outcome, boolean replayed) {

    static final String ACCEPTED = "202";

    /** What providers take for success, whatever it was: new, known or a conflict. */
    static final String ACCEPTED_BY_SOURCE = "200";

    boolean isAccepted() {
        return outcome.equals(call.source() == null ? ACCEPTED : ACCEPTED_BY_SOURCE);
    }

    /** A line as PostgreSQL's COPY reads it. */
    String line() {
        return String.join(
                "\t",
                call.id(),
                orNull(call.source()),
                Integer.toString(call.events()),
                orNull(call.amount()),
                Integer.toString(receiver),
                Long.toString(sent),
                Long.toString(answered),
                outcome,
                Boolean.toString(replayed));
    }

    private static String orNull(@Nullable String value) {
        return value == null ? "\\N" : value;
    }
}
