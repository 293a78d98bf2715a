package dev.tallyhook.transaction;

import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Text in a URL: its bytes in UTF-8, percent-encoded (RFC 3986 section 2). It is decoded exactly once, and nothing is guessed:
 * frameworks replace what is no UTF-8, which turns one id into another.
 */
final class PercentEncoding {

    /** What a character that stands for a byte is at most. */
    private static final char BYTE_MAX = 0xFF;

    private PercentEncoding() {}

    static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /**
     * What a part of a URL says: a plus is a plus.
     *
     * @param encoded as it came, a character for each byte
     * @return nothing if a percent sign has no two digits behind it, or the bytes are no UTF-8
     */
    static Optional<String> decode(String encoded) {
        var bytes = ByteBuffer.allocate(encoded.length());
        for (int i = 0; i < encoded.length(); i++) {
            char character = encoded.charAt(i);
            if (character > BYTE_MAX) {
                return Optional.empty();
            }
            if (character != '%') {
                bytes.put((byte) character);
                continue;
            }
            int octet = i + 2 < encoded.length() ? octet(encoded.charAt(i + 1), encoded.charAt(i + 2)) : -1;
            if (octet < 0) {
                return Optional.empty();
            }
            bytes.put((byte) octet);
            i += 2;
        }
        try {
            // A new decoder reports what is malformed, where String's constructor would replace it.
            return Optional.of(
                    StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString());
        } catch (CharacterCodingException noUtf8) {
            return Optional.empty();
        }
    }

    /** Of a query, where a plus is a space, as forms write it. */
    static Optional<String> decodeOfQuery(String encoded) {
        return decode(encoded.replace('+', ' '));
    }

    private static int octet(char high, char low) {
        return HexFormat.isHexDigit(high) && HexFormat.isHexDigit(low)
                ? HexFormat.fromHexDigit(high) << 4 | HexFormat.fromHexDigit(low)
                : -1;
    }
}
