package dev.tallyhook.transaction;

import java.io.ByteArrayOutputStream;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** The bytes of a request as the ledger keeps them: compressed, as RFC 1951 says, without a head or a checksum. */
public final class RawBody {

    private static final int CHUNK = 8192;

    private RawBody() {}

    /** Fast rather than small: it is done for each event that comes in. */
    public static byte[] compress(byte[] bytes) {
        var deflater = new Deflater(Deflater.BEST_SPEED, true);
        try {
            deflater.setInput(bytes);
            deflater.finish();
            var compressed = new ByteArrayOutputStream(bytes.length / 2 + 64);
            byte[] chunk = new byte[Math.min(CHUNK, bytes.length + 64)];
            while (!deflater.finished()) {
                compressed.write(chunk, 0, deflater.deflate(chunk));
            }
            return compressed.toByteArray();
        } finally {
            deflater.end();
        }
    }

    /** The very bytes that came. */
    public static byte[] decompress(byte[] compressed) {
        var inflater = new Inflater(true);
        try {
            inflater.setInput(compressed);
            var bytes = new ByteArrayOutputStream(compressed.length * 4);
            byte[] chunk = new byte[CHUNK];
            while (!inflater.finished()) {
                int length = inflater.inflate(chunk);
                if (length == 0 && !inflater.finished()) {
                    throw new IllegalStateException("The body is cut off");
                }
                bytes.write(chunk, 0, length);
            }
            return bytes.toByteArray();
        } catch (DataFormatException notCompressed) {
            throw new IllegalStateException("The body is not as it was written", notCompressed);
        } finally {
            inflater.end();
        }
    }
}
