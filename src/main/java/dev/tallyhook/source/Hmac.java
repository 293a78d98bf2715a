package dev.tallyhook.source;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** A key of a keyed digest (RFC 2104), and how signatures are compared with it: as text, to the last character, in constant time. */
public final class Hmac {

    private static final HexFormat HEX = HexFormat.of();

    /** {@code HmacSHA256}, the one of nearly every provider. */
    public static final String SHA256 = "HmacSHA256";

    /** {@code HmacSHA1}. */
    public static final String SHA1 = "HmacSHA1";

    /** {@code HmacSHA512}. */
    public static final String SHA512 = "HmacSHA512";

    private final SecretKeySpec key;

    /** To be copied for each signature, which costs less than to look for the algorithm each time. Nobody signs with it. */
    private final Mac ready;

    private Hmac(byte[] key, String algorithm) {
        if (key.length == 0) {
            throw new IllegalArgumentException("must not be empty");
        }
        this.key = new SecretKeySpec(key, algorithm);
        this.ready = initialized(this.key);
    }

    private static Mac initialized(SecretKeySpec key) {
        try {
            Mac mac = Mac.getInstance(key.getAlgorithm());
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has " + key.getAlgorithm(), impossible);
        }
    }

    /** A secret whose bytes are the key. */
    public static Hmac ofText(String secret, String algorithm) {
        return new Hmac(secret.getBytes(StandardCharsets.UTF_8), algorithm);
    }

    /** A secret that writes the key in hexadecimal digits. */
    public static Hmac ofHex(String secret, String algorithm) {
        try {
            return new Hmac(HEX.parseHex(secret), algorithm);
        } catch (IllegalArgumentException notHex) {
            throw new IllegalArgumentException("must be hexadecimal digits, two for each byte");
        }
    }

    /** A secret that writes the key in Base64. */
    public static Hmac ofBase64(String secret, String algorithm) {
        try {
            return new Hmac(Base64.getDecoder().decode(secret), algorithm);
        } catch (IllegalArgumentException notBase64) {
            throw new IllegalArgumentException("must be Base64");
        }
    }

    /** A key that is neither. */
    public static Hmac ofBytes(byte[] key, String algorithm) {
        return new Hmac(key, algorithm);
    }

    /** The digest of these parts, one after the other. */
    public byte[] sign(byte[]... parts) {
        Mac mac = copy();
        for (byte[] part : parts) {
            mac.update(part);
        }
        return mac.doFinal();
    }

    private Mac copy() {
        try {
            return (Mac) ready.clone();
        } catch (CloneNotSupportedException notThisProvider) {
            return initialized(key);
        }
    }

    /** Lower-case hexadecimal digits. */
    public String signHex(byte[]... parts) {
        return HEX.formatHex(sign(parts));
    }

    /** Base64 (RFC 4648 section 4), padded. */
    public String signBase64(byte[]... parts) {
        return Base64.getEncoder().encodeToString(sign(parts));
    }

    /** Whether one of the keys made the signature, in lower-case hexadecimal digits. Every key is tried. */
    public static boolean anyFitsHex(List<Hmac> keys, String signature, byte[]... parts) {
        return anyFitsHex(keys, List.of(signature), parts);
    }

    /** Whether one of the keys made one of the signatures. Every key is tried with each, and signs once. */
    public static boolean anyFitsHex(List<Hmac> keys, List<String> signatures, byte[]... parts) {
        boolean fits = false;
        for (Hmac key : keys) {
            fits |= sameAsAny(key.signHex(parts), signatures);
        }
        return fits;
    }

    /** Whether one of the keys made the signature, in Base64. Every key is tried. */
    public static boolean anyFitsBase64(List<Hmac> keys, String signature, byte[]... parts) {
        return anyFitsBase64(keys, List.of(signature), parts);
    }

    /** Whether one of the keys made one of the signatures. Every key is tried with each, and signs once. */
    public static boolean anyFitsBase64(List<Hmac> keys, List<String> signatures, byte[]... parts) {
        boolean fits = false;
        for (Hmac key : keys) {
            fits |= sameAsAny(key.signBase64(parts), signatures);
        }
        return fits;
    }

    private static boolean sameAsAny(String right, List<String> given) {
        boolean same = false;
        for (String signature : given) {
            same |= same(right, signature);
        }
        return same;
    }

    /** Compared in a time that does not depend on where they differ. */
    public static boolean same(String right, String given) {
        return MessageDigest.isEqual(
                right.getBytes(StandardCharsets.ISO_8859_1), given.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** The bytes of a header as they came: a header is decoded byte by byte. */
    public static byte[] bytes(String header) {
        return header.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Override
    public String toString() {
        return key.getAlgorithm() + "[…]";
    }
}
