package dev.tallyhook.delivery;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.endpoint.SigningKeys;
import java.net.URI;
import java.time.Instant;
import java.util.UUID;

/** A message that tells of nothing, and shows whether messages get through. */
final class TestMessage {

    /** The {@code type} that it has. */
    static final String TYPE = "endpoint.test";

    private TestMessage() {}

    /** Another one each time. */
    static String newId() {
        return UUID.randomUUID().toString();
    }

    /**
     * On its way.
     *
     * @param id of {@link #newId}
     * @param now by the database's clock
     */
    static OutgoingRequest request(
            ObjectMapper json, String endpointId, URI url, SigningKeys keys, String id, Instant now)
            throws JsonProcessingException {
        String webhookId = MessageId.of(TYPE, id);
        var message =
                json.createObjectNode().put("type", TYPE).put("version", 1).put("timestamp", now.toString());
        message.putObject("data")
                .put("endpoint_id", endpointId)
                .put("message", "A test: whoever reads this gets what this endpoint is told");
        byte[] body = json.writeValueAsBytes(message);
        long timestamp = now.getEpochSecond();
        return new OutgoingRequest(url, webhookId, timestamp, keys.sign(webhookId, timestamp, body), body, null);
    }
}
