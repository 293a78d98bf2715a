package dev.tallyhook.chaos;

/**
 * One try to deliver a webhook, and what came of it.
 *
 * @param receiver to which replica or balancer it was sent, by its number
 * @param sent when, in microseconds of the epoch
 * @param answered when the answer was there, or it was clear that none would come
 * @param outcome the status, or {@code refused}, {@code broken} or {@code timeout}
 * @param replayed whether the answer said that it was stored before
 */
record Attempt(String id, String amount, int receiver, long sent, long answered, String outcome, boolean replayed) {

    static final String ACCEPTED = "202";

    boolean isAccepted() {
        return outcome.equals(ACCEPTED);
    }

    /** A line as PostgreSQL's COPY reads it. */
    String line() {
        return String.join(
                "\t",
                id,
                amount,
                Integer.toString(receiver),
                Long.toString(sent),
                Long.toString(answered),
                outcome,
                Boolean.toString(replayed));
    }
}
