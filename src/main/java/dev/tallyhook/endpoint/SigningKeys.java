package dev.tallyhook.endpoint;

/**
 * What an endpoint's messages are signed with: one key, and during a rotation the one before as well.
 *
 * @see <a href="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md">Standard
 *     Webhooks, "Signature scheme"</a>
 */
public interface SigningKeys {

    /**
     * The value of {@code webhook-signature}: a signature by each key, newest first, with spaces between.
     *
     * @param webhookId without a full stop
     * @param timestamp in seconds since 1970
     */
    String sign(String webhookId, long timestamp, byte[] body);
}
