package dev.tallyhook.intake;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What a signature is held against, as Standard Webhooks writes it down.
 *
 * @see <a href="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md">Standard
 *     Webhooks, "Signature scheme"</a>
 */
sealed interface WebhookKey {

    /**
     * Whether the signature is this key's over the content. How long it takes does not depend on whether or where they
     * differ.
     *
     * @param signature in Base64, as its header has it
     */
    boolean fits(SignedContent content, byte[] signature);

    /**
     * Reads a key.
     *
     * @throws IllegalArgumentException if it is none; the message does not repeat it
     */
    static WebhookKey parse(String text) {
        if (text.startsWith(Shared.PREFIX)) {
            return new Shared(decode(text.substring(Shared.PREFIX.length()), Shared.PREFIX));
        }
        if (text.startsWith(Public.PREFIX)) {
            return new Public(decode(text.substring(Public.PREFIX.length()), Public.PREFIX));
        }
        throw new IllegalArgumentException(
                text.startsWith("whsk_")
                        ? "is a private key, which only the sender may have; its public key starts with whpk_"
                        : "must start with whsec_ (HMAC-SHA256) or whpk_ (ed25519)");
    }

    private static byte[] decode(String base64, String prefix) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException notBase64) {
            throw new IllegalArgumentException("must be Base64 after " + prefix);
        }
    }

    /** {@code v1}: HMAC-SHA256 with a secret that sender and receiver share. */
    final class Shared implements WebhookKey {

        static final String PREFIX = "whsec_";

        /** In bytes. */
        private static final int LENGTH_MIN = 24;

        private static final int LENGTH_MAX = 64;
        private static final String ALGORITHM = "HmacSHA256";

        private final SecretKeySpec key;

        Shared(byte[] secret) {
            if (secret.length < LENGTH_MIN || secret.length > LENGTH_MAX) {
                throw new IllegalArgumentException("must have 24 to 64 bytes after whsec_ is decoded");
            }
            key = new SecretKeySpec(secret, ALGORITHM);
        }

        @Override
        public boolean fits(SignedContent content, byte[] signature) {
            try {
                Mac mac = Mac.getInstance(ALGORITHM);
                mac.init(key);
                mac.update(content.head);
                // Compared as text: a signature that decodes to the same bytes, but is written otherwise, is not the
                // same.
                return MessageDigest.isEqual(Base64.getEncoder().encode(mac.doFinal(content.body)), signature);
            } catch (GeneralSecurityException impossible) {
                throw new IllegalStateException("Every Java has " + ALGORITHM, impossible);
            }
        }

        @Override
        public String toString() {
            return PREFIX + "…";
        }
    }

    /** {@code v1a}: ed25519 with the sender's public key. It takes about a thousand times as long as HMAC. */
    final class Public implements WebhookKey {

        static final String PREFIX = "whpk_";

        /** What stands before the 32 bytes of a key in its X.509 form, RFC 8410 section 4. */
        private static final byte[] X509_HEAD = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00
        };

        private static final int KEY_LENGTH = 32;
        private static final int SIGNATURE_LENGTH = 64;
        private static final String ALGORITHM = "Ed25519";

        private final PublicKey key;

        Public(byte[] publicKey) {
            if (publicKey.length != KEY_LENGTH) {
                throw new IllegalArgumentException("must have 32 bytes after whpk_ is decoded");
            }
            byte[] x509 = Arrays.copyOf(X509_HEAD, X509_HEAD.length + KEY_LENGTH);
            System.arraycopy(publicKey, 0, x509, X509_HEAD.length, KEY_LENGTH);
            try {
                key = KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(x509));
                Signature.getInstance(ALGORITHM).initVerify(key); // Only this looks whether it is a point of the curve.
            } catch (GeneralSecurityException notOnTheCurve) {
                throw new IllegalArgumentException("must be an ed25519 public key");
            }
        }

        @Override
        public boolean fits(SignedContent content, byte[] signature) {
            byte[] raw = decode(signature);
            try {
                Signature verifier = Signature.getInstance(ALGORITHM);
                verifier.initVerify(key);
                verifier.update(content.head);
                verifier.update(content.body);
                return verifier.verify(raw.length == SIGNATURE_LENGTH ? raw : new byte[SIGNATURE_LENGTH]);
            } catch (SignatureException notOne) {
                return false;
            } catch (InvalidKeyException impossible) {
                throw new IllegalStateException("The key was tried when it was read", impossible);
            } catch (GeneralSecurityException impossible) {
                throw new IllegalStateException("Every Java from 15 on has " + ALGORITHM, impossible);
            }
        }

        /** Empty if it is not the one way to write these bytes. */
        private static byte[] decode(byte[] base64) {
            try {
                byte[] raw = Base64.getDecoder().decode(base64);
                return Arrays.equals(Base64.getEncoder().encode(raw), base64) ? raw : new byte[0];
            } catch (IllegalArgumentException notBase64) {
                return new byte[0];
            }
        }

        @Override
        public String toString() {
            return PREFIX + "…";
        }
    }
}
