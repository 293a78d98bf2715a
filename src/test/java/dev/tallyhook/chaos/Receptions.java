package dev.tallyhook.chaos;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What receivers were told, by message: when the first of them heard of it, and how often each of them took it. A message takes 28
 * bytes in a table that is at most three quarters full, so some millions of them fit into the JVM of a test. For one thread.
 */
final class Receptions {

    /** Each has a byte of a long to count in. */
    static final int RECEIVERS_MAX = Long.BYTES;

    /** What comes more often counts as so often. */
    private static final int COUNT_MAX = 255;

    private static final int CAPACITY_MIN = 1 << 16;

    /** So many that are written down tell what is wrong; the rest is counted with the last of them. */
    private static final int COMPLAINTS_MAX = 10_000;

    private static final int PREFIX_LENGTH = "msg_".length();

    /** Of the digest that a webhook-id is made of: two in some millions that begin with the same 64 bits are not to be expected. */
    static final int KEY_DIGITS = 16;

    private long[] keys = new long[CAPACITY_MIN];
    private long[] firsts = new long[CAPACITY_MIN];
    private long[] counts = new long[CAPACITY_MIN];
    private int[] bodies = new int[CAPACITY_MIN];
    private int size;

    private final List<Complaint> complaints = new ArrayList<>();

    /** What a receiver finds wrong with a message. */
    enum Fault {
        /** Not by the endpoint's secret over what came. */
        SIGNATURE,
        /** Its body is not what its webhook-id says, or no finished transaction. */
        CONTENT,
        /** Not the bytes that came before under this webhook-id. */
        BODY,
        /** Older or newer than receivers take. */
        TIMESTAMP
    }

    /**
     * One such message.
     *
     * @param at in microseconds of the epoch
     */
    private record Complaint(Fault fault, String endpoint, long at, String webhookId) {

        /** A line as PostgreSQL's COPY reads it. */
        String line() {
            return String.join("\t", fault.name(), endpoint, Long.toString(at), webhookId);
        }
    }

    /**
     * A message came, whatever becomes of it.
     *
     * @param at in microseconds of the epoch
     * @return its place, until the next one comes; negative if another body came before under this id
     */
    int came(String webhookId, byte[] body, long at) {
        if (4 * size >= 3 * keys.length) {
            grow();
        }
        long key = key(webhookId);
        int hash = Arrays.hashCode(body);
        int place = place(key);
        if (keys[place] == 0) {
            keys[place] = key;
            firsts[place] = at;
            bodies[place] = hash;
            size++;
        }
        return bodies[place] == hash ? place : -1;
    }

    /** The receiver of this number, from 1, takes it and says so. */
    void taken(int place, int receiver) {
        int shift = (receiver - 1) * Byte.SIZE;
        if ((counts[place] >>> shift & COUNT_MAX) < COUNT_MAX) {
            counts[place] += 1L << shift;
        }
    }

    void complain(Fault fault, String endpoint, long at, String webhookId) {
        if (complaints.size() < COMPLAINTS_MAX) {
            complaints.add(new Complaint(fault, endpoint, at, webhookId));
        }
    }

    private static long key(String webhookId) {
        return Long.parseUnsignedLong(webhookId, PREFIX_LENGTH, PREFIX_LENGTH + KEY_DIGITS, 16);
    }

    /** Where it is, or is to be. */
    private int place(long key) {
        int place = (int) key & keys.length - 1;
        while (keys[place] != 0 && keys[place] != key) {
            place = place + 1 & keys.length - 1;
        }
        return place;
    }

    private void grow() {
        var old = new Receptions();
        old.keys = keys;
        old.firsts = firsts;
        old.counts = counts;
        old.bodies = bodies;
        int capacity = 2 * keys.length;
        keys = new long[capacity];
        firsts = new long[capacity];
        counts = new long[capacity];
        bodies = new int[capacity];
        for (int i = 0; i < old.keys.length; i++) {
            if (old.keys[i] != 0) {
                int place = place(old.keys[i]);
                keys[place] = old.keys[i];
                firsts[place] = old.firsts[i];
                counts[place] = old.counts[i];
                bodies[place] = old.bodies[i];
            }
        }
    }

    /** Lines as PostgreSQL's COPY reads them: the beginning of the id's digest, when it came first, how often each receiver took it. */
    void write(Path file) throws IOException {
        try (BufferedWriter writer = Files.newBufferedWriter(file)) {
            for (int place = 0; place < keys.length; place++) {
                if (keys[place] != 0) {
                    writer.write("%016x\t%d\t{%s}%n".formatted(keys[place], firsts[place], counts(place)));
                }
            }
        }
    }

    private String counts(int place) {
        var text = new StringBuilder();
        for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
            text.append(shift == 0 ? "" : ",").append(counts[place] >>> shift & COUNT_MAX);
        }
        return text.toString();
    }

    /** The same of what was found wrong. */
    void writeComplaints(Path file) throws IOException {
        Files.write(file, complaints.stream().map(Complaint::line).toList());
    }
}
