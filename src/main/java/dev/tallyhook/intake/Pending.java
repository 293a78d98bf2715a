package dev.tallyhook.intake;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * What one request brought and waits for: one webhook, or the events of a delivery, which are stored in one commit or not at all.
 *
 * @param webhooks at least one
 * @param since when it began to wait, in nanoseconds of the monotonic clock
 * @param receipts one for each webhook, in their order
 */
record Pending(List<Webhook> webhooks, long since, CompletableFuture<List<Receipt>> receipts) {

    boolean isSinceBefore(long nanos) {
        return since - nanos < 0;
    }

    /** All that a group brought, in its order. */
    static List<Webhook> webhooks(List<Pending> group) {
        return group.stream().flatMap(pending -> pending.webhooks().stream()).toList();
    }

    int size() {
        return webhooks.size();
    }
}
