package dev.tallyhook.transaction;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** A request as the ledger keeps it: lines of {@code name: value} for the headers that matter, an empty line and the body. */
public final class RawRequest {

    private static final String SEPARATOR = ": ";

    private final Map<String, String> headers;
    private final byte[] head;
    private final byte[] body;

    private RawRequest(Map<String, String> headers, byte[] head, byte[] body) {
        this.headers = headers;
        this.head = head;
        this.body = body;
    }

    /**
     * Makes one of what came.
     *
     * @param headers whose names and values have no control characters, and whose names have no colon but at their beginning; not copied,
     *     and not to be changed, as the body
     */
    public static RawRequest of(SortedMap<String, String> headers, byte[] body) {
        var lines = new StringBuilder();
        headers.forEach((name, value) ->
                lines.append(name).append(SEPARATOR).append(value).append('\n'));
        return new RawRequest(
                Collections.unmodifiableMap(headers),
                lines.append('\n').toString().getBytes(StandardCharsets.ISO_8859_1),
                body);
    }

    /** What stands before the body, with the empty line. */
    byte[] head() {
        return head;
    }

    /** In bytes, as it is kept and before it is compressed. */
    public int size() {
        return head.length + body.length;
    }

    /** Reads one again that begins at {@code start} and ends before {@code end}. */
    static RawRequest read(byte[] bytes, int start, int end) {
        Map<String, String> headers = new TreeMap<>();
        int at = start;
        while (bytes[at] != '\n') {
            int lineEnd = at;
            while (bytes[lineEnd] != '\n') {
                lineEnd++;
            }
            String[] header = new String(bytes, at, lineEnd - at, StandardCharsets.ISO_8859_1).split(SEPARATOR, 2);
            headers.put(header[0], header[1]);
            at = lineEnd + 1;
        }
        return new RawRequest(
                Collections.unmodifiableMap(headers),
                Arrays.copyOfRange(bytes, start, at + 1),
                Arrays.copyOfRange(bytes, at + 1, end));
    }

    /** By their names, which are in lower case. */
    public Map<String, String> headers() {
        return headers;
    }

    /** The very bytes that came. */
    public byte[] body() {
        return body;
    }

    /** Says how much, never what. */
    @Override
    public String toString() {
        return "RawRequest[" + body.length + " bytes]";
    }
}
