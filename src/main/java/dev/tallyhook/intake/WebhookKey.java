package dev.tallyhook.intake;

import dev.tallyhook.source.Hmac;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What a signature is held against, as Standard Webhooks writes it down.
 *
 * @see <a href="https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md">Standard
 *     Webhooks, "Signature scheme"</a>
 */
sealed interface WebhookKey {

    /**
     * Whether one of the signatures is this key's over the content. How long it takes does not depend on whether or where
     * they differ.
     *
     * @param signatures in Base64, as their header has them
     */
    boolean fits(SignedContent content, List<byte[]> signatures);

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

        private final Hmac hmac;

        Shared(byte[] secret) {
            if (secret.length < LENGTH_MIN || secret.length > LENGTH_MAX) {
                throw new IllegalArgumentException("must have 24 to 64 bytes after whsec_ is decoded");
            }
            hmac = Hmac.ofBytes(secret, Hmac.SHA256);
        }

        @Override
        public boolean fits(SignedContent content, List<byte[]> signatures) {
            // Compared as text: a signature that decodes to the same bytes, but is written otherwise, is not the same.
            byte[] right = Base64.getEncoder().encode(hmac.sign(content.head, content.body));
            boolean fits = false;
            for (byte[] signature : signatures) {
                fits |= MessageDigest.isEqual(right, signature);
            }
            return fits;
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

        /** The one way to write 64 bytes: the last digit before the padding holds two bits of them and no others. */
        private static final Pattern BASE64 = Pattern.compile("[A-Za-z0-9+/]{85}[AQgw]==");

        private static final String ALGORITHM = "Ed25519";

        /** The arithmetic takes longer for some numbers than for others; so many are like all. */
        private static final int STRANGERS = 64;

        private final PublicKey key;
        private final List<byte[]> strangers;

        Public(byte[] publicKey) {
            if (publicKey.length != KEY_LENGTH) {
                throw new IllegalArgumentException("must have 32 bytes after whpk_ is decoded");
            }
            byte[] x509 = Arrays.copyOf(X509_HEAD, X509_HEAD.length + KEY_LENGTH);
            System.arraycopy(publicKey, 0, x509, X509_HEAD.length, KEY_LENGTH);
            try {
                key = KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(x509));
                strangers = strangers();
                Signature.getInstance(ALGORITHM).initVerify(key); // Only this looks whether it is a point of the curve.
            } catch (GeneralSecurityException notOnTheCurve) {
                throw new IllegalArgumentException("must be an ed25519 public key");
            }
        }

        @Override
        public boolean fits(SignedContent content, List<byte[]> signatures) {
            boolean fits = false;
            for (byte[] signature : signatures) {
                fits |= fits(content, signature);
            }
            return fits;
        }

        private boolean fits(SignedContent content, byte[] signature) {
            boolean wellFormed = BASE64.matcher(new String(signature, StandardCharsets.ISO_8859_1))
                    .matches();
            try {
                byte[] raw = wellFormed
                        ? Base64.getDecoder().decode(signature)
                        : strangers.get(Math.floorMod(Arrays.hashCode(content.head), STRANGERS));
                Signature verifier = Signature.getInstance(ALGORITHM);
                verifier.initVerify(key);
                verifier.update(content.head);
                verifier.update(content.body);
                return verifier.verify(raw) && wellFormed;
            } catch (SignatureException notOne) {
                return false;
            } catch (GeneralSecurityException impossible) {
                throw new IllegalStateException("The key was tried when it was read", impossible);
            }
        }

        /** Signatures of somebody who does not exist, so that what is none at all takes as long to refuse as a stranger's. */
        private static List<byte[]> strangers() throws GeneralSecurityException {
            PrivateKey nobody =
                    KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair().getPrivate();
            List<byte[]> signatures = new ArrayList<>();
            for (byte i = 0; i < STRANGERS; i++) {
                Signature signer = Signature.getInstance(ALGORITHM);
                signer.initSign(nobody);
                signer.update(i);
                signatures.add(signer.sign());
            }
            return signatures;
        }

        @Override
        public String toString() {
            return PREFIX + "…";
        }
    }
}
