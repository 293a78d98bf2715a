package dev.tallyhook.endpoint;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.Signature;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/**
 * {@code v1a}: Ed25519. A key is written as {@code whsk_…}: 32 bytes that were chosen at random, and behind them the 32 bytes of the
 * public key that follows from them; those 32 alone are {@code whpk_…}. It takes a hundred times as long as {@link SharedKey}.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc8032#section-5.1.5">RFC 8032 section 5.1.5</a>
 */
final class PrivateKey implements SigningKey {

    static final String PREFIX = "whsk_";

    private static final String PUBLIC_PREFIX = "whpk_";
    private static final String ALGORITHM = "Ed25519";

    /** In bytes, of each half. */
    private static final int LENGTH = 32;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final String secret;
    private final String publicKey;
    private final java.security.PrivateKey key;

    private PrivateKey(byte[] seed) {
        KeyPair pair = pair(seed);
        byte[] x509 = pair.getPublic().getEncoded();
        byte[] both = Arrays.copyOf(seed, 2 * LENGTH);
        System.arraycopy(x509, x509.length - LENGTH, both, LENGTH, LENGTH);
        secret = PREFIX + Base64.getEncoder().encodeToString(both);
        publicKey = PUBLIC_PREFIX + Base64.getEncoder().encodeToString(Arrays.copyOfRange(both, LENGTH, 2 * LENGTH));
        key = pair.getPrivate();
    }

    static PrivateKey parse(String secret) {
        byte[] bytes = SigningKey.decode(PREFIX, secret);
        if (bytes.length != LENGTH && bytes.length != 2 * LENGTH) {
            throw new IllegalArgumentException("must have 32 bytes, or 64 with the public key, after whsk_ is decoded");
        }
        var key = new PrivateKey(Arrays.copyOf(bytes, LENGTH));
        if (bytes.length > LENGTH && !MessageDigest.isEqual(bytes, SigningKey.decode(PREFIX, key.secret))) {
            throw new IllegalArgumentException("must have, in its last 32 bytes, the public key of its first 32");
        }
        return key;
    }

    static PrivateKey random() {
        byte[] seed = new byte[LENGTH];
        RANDOM.nextBytes(seed);
        return new PrivateKey(seed);
    }

    /** Java derives a public key only where it makes a pair, so it is given what it is to find at random. */
    private static KeyPair pair(byte[] seed) {
        try {
            var generator = KeyPairGenerator.getInstance(ALGORITHM);
            generator.initialize(255, new NotAtRandom(seed));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has " + ALGORITHM, impossible);
        }
    }

    /** Gives what it was made with. */
    private static final class NotAtRandom extends SecureRandom {

        private static final long serialVersionUID = 1L;

        private final transient byte[] seed;

        NotAtRandom(byte[] seed) {
            this.seed = seed;
        }

        @Override
        public void nextBytes(byte[] bytes) {
            System.arraycopy(seed, 0, bytes, 0, bytes.length);
        }
    }

    @Override
    public String sign(byte[] head, byte[] body) {
        try {
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(key);
            signature.update(head);
            signature.update(body);
            return "v1a," + Base64.getEncoder().encodeToString(signature.sign());
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java signs with " + ALGORITHM, impossible);
        }
    }

    @Override
    public String secret() {
        return secret;
    }

    @Override
    public String hint() {
        return SigningKey.hint(PUBLIC_PREFIX, publicKey);
    }

    @Override
    public Optional<String> publicKey() {
        return Optional.of(publicKey);
    }

    @Override
    public String toString() {
        return hint();
    }
}
