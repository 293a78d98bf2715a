package dev.tallyhook.citus;

import java.nio.charset.StandardCharsets;

/**
 * The hash functions of PostgreSQL by which Citus chooses the shard of a row: what {@code hashtext} and {@code hashint8} give, for a text
 * whose collation compares bytes. They are Bob Jenkins' lookup3, as a server with little-endian words computes it.
 *
 * @see <a href="https://docs.citusdata.com/en/stable/develop/reference_ddl.html">Hash distribution</a>
 * @see <a href="https://burtleburtle.net/bob/c/lookup3.c">lookup3</a>
 */
final class DistributionHash {

    private static final int WORD = 4;
    private static final int BLOCK = 3 * WORD;

    /** What the three words begin with, before the length is added. */
    private static final int BEGIN = 0x9e3779b9 + 3923095;

    private int a;
    private int b;
    private int c;

    private DistributionHash(int length) {
        a = BEGIN + length;
        b = a;
        c = a;
    }

    /** Of a text. */
    static int of(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        var hash = new DistributionHash(bytes.length);
        int place = 0;
        while (bytes.length - place >= BLOCK) {
            hash.a += word(bytes, place, WORD);
            hash.b += word(bytes, place + WORD, WORD);
            hash.c += word(bytes, place + 2 * WORD, WORD);
            hash.mix();
            place += BLOCK;
        }
        int left = bytes.length - place;
        hash.a += word(bytes, place, left);
        hash.b += word(bytes, place + WORD, left - WORD);
        hash.c += word(bytes, place + 2 * WORD, left - 2 * WORD) << Byte.SIZE; // Its lowest byte stands for the length.
        return hash.end();
    }

    /** Of a number: that of its lower half, mixed with its upper half so that small numbers of either size have the same. */
    static int of(long number) {
        int low = (int) number;
        int high = (int) (number >> Integer.SIZE);
        var hash = new DistributionHash(WORD);
        hash.a += low ^ (number >= 0 ? high : ~high);
        return hash.end();
    }

    /** Up to four bytes as a number, the first one lowest. */
    private static int word(byte[] bytes, int from, int length) {
        int word = 0;
        for (int i = Math.min(length, WORD) - 1; i >= 0; i--) {
            word = word << Byte.SIZE | Byte.toUnsignedInt(bytes[from + i]);
        }
        return word;
    }

    private void mix() {
        a = (a - c) ^ Integer.rotateLeft(c, 4);
        c += b;
        b = (b - a) ^ Integer.rotateLeft(a, 6);
        a += c;
        c = (c - b) ^ Integer.rotateLeft(b, 8);
        b += a;
        a = (a - c) ^ Integer.rotateLeft(c, 16);
        c += b;
        b = (b - a) ^ Integer.rotateLeft(a, 19);
        a += c;
        c = (c - b) ^ Integer.rotateLeft(b, 4);
        b += a;
    }

    private int end() {
        c = (c ^ b) - Integer.rotateLeft(b, 14);
        a = (a ^ c) - Integer.rotateLeft(c, 11);
        b = (b ^ a) - Integer.rotateLeft(a, 25);
        c = (c ^ b) - Integer.rotateLeft(b, 16);
        a = (a ^ c) - Integer.rotateLeft(c, 4);
        b = (b ^ a) - Integer.rotateLeft(a, 14);
        c = (c ^ b) - Integer.rotateLeft(b, 24);
        return c;
    }
}
