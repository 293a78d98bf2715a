package dev.tallyhook.intake;

import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Source;
import jakarta.inject.Singleton;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes what named senders post, as they are. What is signed is taken, whatever it says: a provider that is refused sends the same for
 * days, and then switches the endpoint off. So conflicts are answered as success, too, and are on record.
 */
@Singleton
class SourceReceiver {

    /** One for every scheme and whatever is wrong. */
    private static final String CHALLENGE = "Webhook";

    private final Intake intake;
    private final SourceMetrics metrics;

    SourceReceiver(Intake intake, SourceMetrics metrics) {
        this.intake = intake;
        this.metrics = metrics;
    }

    void receive(Source source, Arrival arrival) {
        arrival.serve(
                source.bodySizeMax(),
                body -> {
                    var delivery = new Delivery(arrival.request.headers(), arrival.request.query(), body);
                    List<Webhook> webhooks = verified(source, delivery, arrival.traceparent);
                    return intake.record(webhooks)
                            .thenApplyAsync(receipts -> reply(source, webhooks, receipts, arrival.since), arrival);
                },
                failure -> metrics.refused(source, failure));
    }

    private List<Webhook> verified(Source source, Delivery delivery, @Nullable String traceparent) {
        intake.requireRoom(); // Under overload a refusal must cost less than what it refuses.
        return switch (source.scheme().verify(delivery)) {
            case SIGNED -> SourceWebhooks.of(source, delivery, traceparent);
            case UNSIGNED ->
                throw ProblemException.unauthorized(
                        "The webhook must be signed as its source is configured, and be of now", CHALLENGE);
            case UNDECIDED ->
                throw ProblemException.unavailable("What the signature is held against is being fetched; try again");
        };
    }

    private Arrival.Reply reply(Source source, List<Webhook> webhooks, List<Receipt> receipts, long since) {
        metrics.answered(source, webhooks, receipts, since);
        return new Arrival.Reply(
                source.scheme().success(), null, receipts.stream().allMatch(Receipt.REPLAYED::equals));
    }
}
