package dev.tallyhook.intake;

/** The answer to a webhook that is stored, field by field what senders know. */
record Accepted(String status, String message) {

    static final Accepted INSTANCE = new Accepted("ACCEPTED", "Transaction queued for processing");
}
