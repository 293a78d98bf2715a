package dev.tallyhook.endpoint;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** The keys that an endpoint's messages are signed with now, the newest first. */
final class CurrentKeys implements SigningKeys {

    private final List<SigningKey> keys;

    CurrentKeys(List<SigningKey> keys) {
        this.keys = List.copyOf(keys);
    }

    @Override
    public String sign(String webhookId, long timestamp, byte[] body) {
        byte[] head = (webhookId + '.' + timestamp + '.').getBytes(StandardCharsets.UTF_8);
        if (keys.size() == 1) {
            return keys.get(0).sign(head, body);
        }
        var signatures = new StringBuilder();
        for (SigningKey key : keys) {
            signatures.append(signatures.isEmpty() ? "" : " ").append(key.sign(head, body));
        }
        return signatures.toString();
    }

    @Override
    public String toString() {
        return keys.toString();
    }
}
