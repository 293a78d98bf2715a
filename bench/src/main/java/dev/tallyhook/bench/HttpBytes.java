package dev.tallyhook.bench;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Finds in a request what a receiver needs to know, without making text of it. */
final class HttpBytes {

    private static final byte[] TIMESTAMP = "\"timestamp\":\"".getBytes(StandardCharsets.US_ASCII);
    private static final int TIMESTAMP_END_MAX = 256;

    private HttpBytes() {}

    /** How long ago the timestamp of the body is by this machine's clock, in microseconds, at least 0; negative if it has none. */
    static long microsSinceTimestamp(byte[] request, int bodyAt, int end) {
        int at = find(TIMESTAMP, request, bodyAt, Math.min(end, bodyAt + TIMESTAMP_END_MAX));
        if (at < 0) {
            return -1;
        }
        int from = at + TIMESTAMP.length;
        int to = from;
        while (to < end && request[to] != '"') {
            to++;
        }
        var finished = Instant.parse(new String(request, from, to - from, StandardCharsets.US_ASCII));
        return Math.max(0, ChronoUnit.MICROS.between(finished, Instant.now()));
    }

    /** The decimal digits from there to the end of the line; spaces do not count. */
    static int number(byte[] bytes, int from) {
        int number = 0;
        for (int at = from; bytes[at] != '\r'; at++) {
            number = bytes[at] == ' ' ? number : number * 10 + bytes[at] - '0';
        }
        return number;
    }

    /** Letters of either case; what is looked for is in small ones. */
    static int find(byte[] what, byte[] bytes, int from, int to) {
        for (int at = from; at <= to - what.length; at++) {
            int same = 0;
            while (same < what.length && isSame(what[same], bytes[at + same])) {
                same++;
            }
            if (same == what.length) {
                return at;
            }
        }
        return -1;
    }

    private static boolean isSame(byte small, byte any) {
        return small == any || small >= 'a' && small <= 'z' && small == any + 32;
    }
}
