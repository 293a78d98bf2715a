package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.Endpoint;
import dev.tallyhook.endpoint.SigningKeys;
import io.quarkus.logging.Log;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.function.Consumer;

/** Signs a message and sends it once. */
@Singleton
class Dispatch {

    private static final Attempt NO_KEYS = new Attempt(
            Outcome.UNSENDABLE, 0, Duration.ZERO, null, "the endpoint's secrets cannot be opened by this replica");

    private static final Attempt BROKEN =
            new Attempt(Outcome.UNSENDABLE, 0, Duration.ZERO, null, "the message could not be sent; see the log");

    private final Sender sender;
    private final LedgerClock clock;
    private final DeliverySpans spans;

    Dispatch(Sender sender, LedgerClock clock, DeliverySpans spans) {
        this.sender = sender;
        this.clock = clock;
        this.spans = spans;
    }

    /**
     * Nothing is thrown.
     *
     * @param then is called once, with what came of it
     */
    void send(Endpoint endpoint, Message message, Consumer<Attempt> then) {
        Attempt unsent = null;
        try {
            SigningKeys keys = endpoint.keys();
            if (keys == null) {
                unsent = NO_KEYS;
            } else {
                send(endpoint, keys, message, then);
            }
        } catch (RuntimeException bug) {
            Log.error("A message cannot be sent", bug);
            unsent = BROKEN;
        }
        if (unsent != null) {
            then.accept(unsent);
        }
    }

    private void send(Endpoint endpoint, SigningKeys keys, Message message, Consumer<Attempt> then) {
        String webhookId = message.webhookId();
        Instant now = clock.now();
        String signature = keys.sign(webhookId, now.getEpochSecond(), message.body());
        DeliverySpans.Traced traced = spans.begin(message, webhookId);
        var request = new OutgoingRequest(
                endpoint.url(),
                webhookId,
                now.getEpochSecond(),
                signature,
                message.body(),
                traced == null ? null : traced.traceparent());
        sender.send(request, attempt -> {
            if (traced != null) {
                traced.end(attempt);
            }
            then.accept(attempt);
        });
    }
}
