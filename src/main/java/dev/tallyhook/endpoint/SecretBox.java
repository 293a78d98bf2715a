package dev.tallyhook.endpoint;

import dev.tallyhook.access.Credentials;
import io.quarkus.logging.Log;
import io.quarkus.runtime.LaunchMode;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals what endpoints' messages are signed with, so that who reads the database, or a backup of it, cannot sign. AES-256-GCM with a
 * nonce at random, bound to the endpoint's id; before the nonce stands which key it is. The newest key seals, and all open.
 *
 * @see <a href="https://csrc.nist.gov/pubs/sp/800/38/d/final">NIST SP 800-38D: with nonces at random a key may seal 2^32 times</a>
 */
final class SecretBox {

    /** What is to be set where nothing can be sealed. */
    static final String SETTING = "tallyhook.telling.keys";

    /** In bytes, of the SHA-256 of a key. */
    static final int KEY_ID_LENGTH = 4;

    private static final int KEY_LENGTH = 32;
    private static final int NONCE_LENGTH = 12;
    private static final int TAG_BITS = 128;
    private static final int HEAD_LENGTH = KEY_ID_LENGTH + NONCE_LENGTH;

    private static final SecureRandom RANDOM = new SecureRandom();

    /** One key, and how it is told from others. */
    @SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
    private record Key(byte[] id, SecretKeySpec key) {

        static Key of(byte[] bytes) {
            return new Key(keyId(bytes), new SecretKeySpec(bytes, "AES"));
        }

        static Key random() {
            byte[] bytes = new byte[KEY_LENGTH];
            RANDOM.nextBytes(bytes);
            return of(bytes);
        }

        private static byte[] keyId(byte[] bytes) {
            try {
                return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(bytes), KEY_ID_LENGTH);
            } catch (NoSuchAlgorithmException impossible) {
                throw new IllegalStateException("Every Java has SHA-256", impossible);
            }
        }

        boolean hasSealed(byte[] sealed) {
            return sealed.length >= HEAD_LENGTH + TAG_BITS / Byte.SIZE
                    && Arrays.equals(id, 0, KEY_ID_LENGTH, sealed, 0, KEY_ID_LENGTH);
        }
    }

    private final Credentials<Key> configured;
    private final List<Key> madeUp;

    /**
     * With the keys that are configured, or, unless it is production, with one that is forgotten with this process.
     *
     * @throws io.quarkus.runtime.configuration.ConfigurationException if one is wrong
     */
    SecretBox(TellingConfig config, LaunchMode mode) {
        configured = keys(config);
        madeUp = configured.current().isEmpty() && mode != LaunchMode.NORMAL ? List.of(Key.random()) : List.of();
    }

    private static Credentials<Key> keys(TellingConfig config) {
        return new Credentials<>(SETTING, config.keys(), config.keysFile(), SecretBox::parse);
    }

    /** @throws io.quarkus.runtime.configuration.ConfigurationException with what is wrong with the keys, if anything is */
    static void check(TellingConfig config) {
        var unused = keys(config);
    }

    private static Key parse(String written) {
        try {
            byte[] key = Base64.getDecoder().decode(written);
            if (key.length == KEY_LENGTH) {
                return Key.of(key);
            }
        } catch (IllegalArgumentException notBase64) {
            // Told below.
        }
        throw new IllegalArgumentException("must be 32 bytes in Base64, such as of: openssl rand -base64 32");
    }

    /** Whether what it seals is lost with this process. */
    boolean isForgotten() {
        return configured.current().isEmpty() && !madeUp.isEmpty();
    }

    /** Looks whether the file of the keys has changed. */
    void reload() {
        configured.reload();
    }

    private List<Key> keys() {
        List<Key> current = configured.current();
        return current.isEmpty() ? madeUp : current;
    }

    /** Whether there is a key. */
    boolean canSeal() {
        return !keys().isEmpty();
    }

    /** The id of the key that seals; nothing if there is none. */
    Optional<byte[]> newestKeyId() {
        return keys().stream().findFirst().map(key -> key.id().clone());
    }

    /**
     * Seals it for this endpoint, with the newest key.
     *
     * @throws IllegalStateException if there is no key
     */
    byte[] seal(String endpointId, byte[] plain) {
        Key newest = keys().stream().findFirst().orElseThrow(() -> new IllegalStateException("No key seals"));
        byte[] head = Arrays.copyOf(newest.id(), HEAD_LENGTH);
        byte[] nonce = new byte[NONCE_LENGTH];
        RANDOM.nextBytes(nonce);
        System.arraycopy(nonce, 0, head, KEY_ID_LENGTH, NONCE_LENGTH);
        try {
            byte[] closed =
                    cipher(Cipher.ENCRYPT_MODE, newest, head, endpointId).doFinal(plain);
            byte[] sealed = Arrays.copyOf(head, HEAD_LENGTH + closed.length);
            System.arraycopy(closed, 0, sealed, HEAD_LENGTH, closed.length);
            return sealed;
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has AES-GCM", impossible);
        }
    }

    /** What was sealed for this endpoint; nothing if no key opens it, or if it was sealed for another one or changed since. */
    Optional<byte[]> open(String endpointId, byte[] sealed) {
        for (Key key : keys()) {
            if (key.hasSealed(sealed)) {
                try {
                    Cipher cipher = cipher(Cipher.DECRYPT_MODE, key, sealed, endpointId);
                    return Optional.of(cipher.doFinal(sealed, HEAD_LENGTH, sealed.length - HEAD_LENGTH));
                } catch (AEADBadTagException another) {
                    Log.debug("Two keys have one id, or this was changed since it was sealed", another);
                } catch (GeneralSecurityException cut) {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    private static Cipher cipher(int mode, Key key, byte[] head, String endpointId) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key.key(), new GCMParameterSpec(TAG_BITS, head, KEY_ID_LENGTH, NONCE_LENGTH));
        cipher.updateAAD(endpointId.getBytes(StandardCharsets.UTF_8));
        return cipher;
    }
}
