package dev.tallyhook.transaction;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * A request as the ledger keeps it: lines of {@code name: value} for the headers that matter, an empty line and the body, together
 * compressed as RFC 1951 says, behind one byte that tells which dictionary they are compressed with: words that providers' events have
 * in common, which makes them a third smaller.
 */
public final class RawRequest {

    private static final int CHUNK = 8192;

    /** More than this finds little more, and takes longer. */
    private static final int LEVEL = 3;

    /** What is stored cannot be read without it: it stays as it is for ever, and a better one gets the next number. */
    private static final byte[] DICTIONARY = dictionary();

    private static final byte DICTIONARY_NUMBER = 1;
    private static final String SEPARATOR = ": ";

    private final Map<String, String> headers;
    private final byte[] body;

    private RawRequest(Map<String, String> headers, byte[] body) {
        this.headers = headers;
        this.body = body;
    }

    /**
     * Makes of it what is stored.
     *
     * @param headers whose names and values have no control characters, and whose names have no colon but at their beginning
     */
    public static byte[] compress(Map<String, String> headers, byte[] body) {
        var head = new StringBuilder();
        headers.forEach((name, value) ->
                head.append(name).append(SEPARATOR).append(value).append('\n'));
        byte[] lines = head.append('\n').toString().getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = Arrays.copyOf(lines, lines.length + body.length);
        System.arraycopy(body, 0, all, lines.length, body.length);
        return deflate(all);
    }

    private static byte[] dictionary() {
        try (InputStream file = RawRequest.class.getResourceAsStream("raw-dictionary-1.txt")) {
            return Objects.requireNonNull(file, "the dictionary").readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] deflate(byte[] bytes) {
        var deflater = new Deflater(LEVEL, true);
        try {
            deflater.setDictionary(DICTIONARY);
            deflater.setInput(bytes);
            deflater.finish();
            var compressed = new ByteArrayOutputStream(bytes.length / 2 + 64);
            compressed.write(DICTIONARY_NUMBER);
            byte[] chunk = new byte[Math.min(CHUNK, bytes.length + 64)];
            while (!deflater.finished()) {
                compressed.write(chunk, 0, deflater.deflate(chunk));
            }
            return compressed.toByteArray();
        } finally {
            deflater.end();
        }
    }

    /** What was stored. */
    public static RawRequest decompress(byte[] compressed) {
        byte[] all = inflate(compressed);
        Map<String, String> headers = new TreeMap<>();
        int start = 0;
        while (all[start] != '\n') {
            int end = start;
            while (all[end] != '\n') {
                end++;
            }
            String[] header = new String(all, start, end - start, StandardCharsets.ISO_8859_1).split(SEPARATOR, 2);
            headers.put(header[0], header[1]);
            start = end + 1;
        }
        return new RawRequest(Collections.unmodifiableMap(headers), Arrays.copyOfRange(all, start + 1, all.length));
    }

    private static byte[] inflate(byte[] compressed) {
        if (compressed[0] != DICTIONARY_NUMBER) {
            throw new IllegalStateException("The request was written by a later version");
        }
        var inflater = new Inflater(true);
        try {
            inflater.setDictionary(DICTIONARY);
            inflater.setInput(compressed, 1, compressed.length - 1);
            var bytes = new ByteArrayOutputStream(compressed.length * 4);
            byte[] chunk = new byte[CHUNK];
            while (!inflater.finished()) {
                int length = inflater.inflate(chunk);
                if (length == 0 && !inflater.finished()) {
                    throw new IllegalStateException("The request is cut off");
                }
                bytes.write(chunk, 0, length);
            }
            return bytes.toByteArray();
        } catch (DataFormatException notCompressed) {
            throw new IllegalStateException("The request is not as it was written", notCompressed);
        } finally {
            inflater.end();
        }
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
