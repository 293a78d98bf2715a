package dev.tallyhook.delivery;

import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;

/**
 * An IPv4 address that an IPv6 address carries, and that whoever connects to the one may be led to.
 *
 * @param address the IPv4 address
 * @param alone whether the IPv6 address is nothing but another way to write it; if not, it is itself to be judged as well
 */
record Carried(InetAddress address, boolean alone) {

    private static final int IPV4 = 4;

    /** {@code ::ffff:0:0:0/96} (RFC 2765) and {@code 64:ff9b::/96} (RFC 6052); {@code ::ffff:0:0/96} is IPv4 to Java at once. */
    private static final byte[] TRANSLATED = {0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0};

    private static final byte[] NAT64 = {0, 0x64, -1, (byte) 0x9B, 0, 0, 0, 0, 0, 0, 0, 0};

    /** {@code ::/96} (RFC 4291, deprecated), of which the first addresses are IPv6's own. */
    private static final byte[] COMPATIBLE = new byte[12];

    /** {@code 2002::/16} (RFC 3056) and {@code 2001::/32} (RFC 4380), whose end has the client's with its bits turned. */
    private static final byte[] SIX_TO_FOUR = {0x20, 0x02};

    private static final byte[] TEREDO = {0x20, 0x01, 0, 0};

    static Optional<Carried> by(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == IPV4) {
            return Optional.empty();
        }
        if (begins(bytes, TRANSLATED) || begins(bytes, NAT64) || (begins(bytes, COMPATIBLE) && !isOwn(bytes))) {
            return Optional.of(new Carried(part(bytes, TRANSLATED.length), true));
        }
        if (begins(bytes, SIX_TO_FOUR)) {
            return Optional.of(new Carried(part(bytes, SIX_TO_FOUR.length), false));
        }
        if (begins(bytes, TEREDO)) {
            for (int i = bytes.length - IPV4; i < bytes.length; i++) {
                bytes[i] = (byte) ~bytes[i];
            }
            return Optional.of(new Carried(part(bytes, bytes.length - IPV4), false));
        }
        return Optional.empty();
    }

    private static boolean begins(byte[] address, byte[] prefix) {
        return Arrays.equals(address, 0, prefix.length, prefix, 0, prefix.length);
    }

    /** Whether it is {@code ::} or {@code ::1}. */
    private static boolean isOwn(byte[] address) {
        return begins(address, new byte[15]) && address[15] >= 0 && address[15] <= 1;
    }

    private static InetAddress part(byte[] address, int from) {
        return Literals.of(Arrays.copyOfRange(address, from, from + IPV4));
    }
}
