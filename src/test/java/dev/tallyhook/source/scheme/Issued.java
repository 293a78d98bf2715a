package dev.tallyhook.source.scheme;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * A certificate (RFC 5280) and its key, issued by another one or by itself. It is written here and not by keytool, which takes a
 * second for each, and cannot make all of the wrong ones.
 *
 * @param names the common names of its subject
 * @param base64 all of it, in lines
 */
record Issued(List<String> names, KeyPair keys, String base64) {

    private static final byte[] SHA256_WITH_RSA = sequence(
            new byte[] {6, 9, 0x2A, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xF7, 13, 1, 1, 11}, new byte[] {5, 0});
    private static final byte[] COMMON_NAME = {6, 3, 0x55, 4, 3};
    private static final byte[] BASIC_CONSTRAINTS = {6, 3, 0x55, 0x1D, 0x13};
    private static final byte[] KEY_USAGE = {6, 3, 0x55, 0x1D, 0x0F};
    private static final byte[] TRUE = {1, 1, -1};
    private static final byte[] NOTHING = {};

    /** The bits of a key usage, from the left: signatures, encipherment of keys, and signatures of certificates. */
    static final int SIGNATURES = 0x80;

    static final int ENCIPHERMENT = 0x20;

    private static final int CERTIFICATES = 0x04;

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

    static KeyPair keys(String algorithm, int bits) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
            generator.initialize(bits);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** One that signs itself and others. */
    static Issued root(String name, KeyPair keys) {
        return of(List.of(name), keys, List.of(name), keys, years(-1), years(10), true, CERTIFICATES);
    }

    Issued authority(String name, KeyPair its) {
        return of(List.of(name), its, names, keys, years(-1), years(9), true, CERTIFICATES);
    }

    Issued leaf(KeyPair its, String... itsNames) {
        return leaf(its, years(-1), years(2), false, SIGNATURES | ENCIPHERMENT, itsNames);
    }

    Issued leaf(KeyPair its, Instant from, Instant to, boolean isAuthority, int usage, String... itsNames) {
        return of(List.of(itsNames), its, names, keys, from, to, isAuthority, usage);
    }

    static Instant years(int number) {
        return Provider.NOW.atOffset(ZoneOffset.UTC).plusYears(number).toInstant();
    }

    private static Issued of(
            List<String> names,
            KeyPair keys,
            List<String> issuer,
            KeyPair signer,
            Instant from,
            Instant to,
            boolean isAuthority,
            int usage) {
        try {
            byte[] signed = sequence(
                    element(0xA0, new byte[] {2, 1, 2}),
                    element(2, new byte[] {1, (byte) names.hashCode(), (byte) keys.hashCode()}),
                    SHA256_WITH_RSA,
                    name(issuer),
                    sequence(time(from), time(to)),
                    name(names),
                    keys.getPublic().getEncoded(),
                    element(
                            0xA3,
                            sequence(
                                    sequence(
                                            BASIC_CONSTRAINTS,
                                            TRUE,
                                            element(4, sequence(isAuthority ? TRUE : NOTHING))),
                                    sequence(KEY_USAGE, TRUE, element(4, element(3, new byte[] {0, (byte) usage}))))));
            Signature rsa = Signature.getInstance("SHA256withRSA");
            rsa.initSign(signer.getPrivate());
            rsa.update(signed);
            byte[] der = sequence(signed, SHA256_WITH_RSA, element(3, concatenation(new byte[1], rsa.sign())));
            return new Issued(
                    names, keys, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der));
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] name(List<String> names) {
        return sequence(names.stream()
                .map(name -> element(0x31, sequence(COMMON_NAME, element(12, name.getBytes(StandardCharsets.UTF_8)))))
                .toArray(byte[][]::new));
    }

    private static byte[] time(Instant time) {
        return element(0x17, TIME.format(time).getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] sequence(byte[]... parts) {
        return element(0x30, concatenation(parts));
    }

    private static byte[] element(int tag, byte[] content) {
        int length = content.length;
        byte[] head = length < 128
                ? new byte[] {(byte) tag, (byte) length}
                : new byte[] {(byte) tag, (byte) 0x82, (byte) (length >> 8), (byte) length};
        return concatenation(head, content);
    }

    private static byte[] concatenation(byte[]... parts) {
        var all = new ByteArrayOutputStream();
        Arrays.stream(parts).forEach(all::writeBytes);
        return all.toByteArray();
    }

    /** This one, and then those. */
    String pem(Issued... others) {
        var pem = new StringBuilder();
        for (Issued each : concatenated(others)) {
            pem.append("-----BEGIN CERTIFICATE-----\n").append(each.base64).append("\n-----END CERTIFICATE-----\n");
        }
        return pem.toString();
    }

    private Issued[] concatenated(Issued... others) {
        Issued[] all = new Issued[others.length + 1];
        all[0] = this;
        System.arraycopy(others, 0, all, 1, others.length);
        return all;
    }

    byte[] sign(byte[] text) {
        try {
            Signature rsa = Signature.getInstance("SHA256withRSA");
            rsa.initSign(keys.getPrivate());
            rsa.update(text);
            return rsa.sign();
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public String toString() {
        return "Issued" + names;
    }
}
