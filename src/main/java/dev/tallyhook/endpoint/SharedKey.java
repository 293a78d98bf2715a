package dev.tallyhook.endpoint;

import dev.tallyhook.source.Hmac;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;

/** {@code v1}: HMAC-SHA256 with a secret, {@code whsec_…}. */
final class SharedKey implements SigningKey {

    static final String PREFIX = "whsec_";

    /** In bytes, as Standard Webhooks has it. */
    private static final int LENGTH_MIN = 24;

    private static final int LENGTH_MAX = 64;

    /** Of those that are made here: that of the digest, beyond which more adds nothing. */
    private static final int LENGTH = 32;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final String secret;
    private final Hmac hmac;

    private SharedKey(byte[] key) {
        secret = PREFIX + Base64.getEncoder().encodeToString(key);
        hmac = Hmac.ofBytes(key, Hmac.SHA256);
    }

    static SharedKey parse(String secret) {
        byte[] key = SigningKey.decode(PREFIX, secret);
        if (key.length < LENGTH_MIN || key.length > LENGTH_MAX) {
            throw new IllegalArgumentException("must have 24 to 64 bytes after whsec_ is decoded");
        }
        return new SharedKey(key);
    }

    static SharedKey random() {
        byte[] key = new byte[LENGTH];
        RANDOM.nextBytes(key);
        return new SharedKey(key);
    }

    @Override
    public String sign(byte[] head, byte[] body) {
        return "v1," + hmac.signBase64(head, body);
    }

    @Override
    public String secret() {
        return secret;
    }

    @Override
    public String hint() {
        return SigningKey.hint(PREFIX, secret);
    }

    @Override
    public Optional<String> publicKey() {
        return Optional.empty();
    }

    @Override
    public String toString() {
        return hint();
    }
}
