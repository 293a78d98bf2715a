package dev.tallyhook.delivery;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;

/** Addresses that begin with the same bits, as RFC 4632 and RFC 4291 write them: {@code 10.0.0.0/8}, {@code fd00::/8}. */
final class Network {

    private static final String SUCH_AS = ", such as 10.0.0.0/8 or fd00::/8";

    private final byte[] prefix;
    private final int bits;
    private final String what;

    private Network(byte[] prefix, int bits, String what) {
        this.prefix = prefix;
        this.bits = bits;
        this.what = what;
    }

    /**
     * Reads one.
     *
     * @param what is in it
     * @throws IllegalArgumentException if it is not written so; with a message for whoever has written it
     */
    static Network parse(String cidr, String what) {
        int slash = cidr.indexOf('/');
        String text = slash < 0 ? cidr : cidr.substring(0, slash);
        byte[] address = Literals.address(text)
                .orElseThrow(() -> new IllegalArgumentException(cidr + " is no network" + SUCH_AS))
                .getAddress();
        if (address.length == 4 && text.indexOf(':') >= 0) {
            throw new IllegalArgumentException(cidr + " is to be written as the network of IPv4 that it is");
        }
        int bits = bits(cidr, slash, address.length * Byte.SIZE);
        byte[] prefix = masked(address, bits);
        if (!Arrays.equals(prefix, address)) {
            throw new IllegalArgumentException(
                    "%s has bits behind its prefix: %s/%d is the network, and %s/%d the address"
                            .formatted(cidr, text(prefix), bits, text(address), address.length * Byte.SIZE));
        }
        return new Network(prefix, bits, what);
    }

    private static int bits(String cidr, int slash, int most) {
        String digits = slash < 0 ? "" : cidr.substring(slash + 1);
        Optional<Integer> bits = digits.matches("0|[1-9]\\d{0,2}")
                ? Optional.of(Integer.parseInt(digits)).filter(number -> number <= most)
                : Optional.empty();
        return bits.orElseThrow(() -> new IllegalArgumentException(
                "%s needs the length of its prefix, from 0 to %d%s".formatted(cidr, most, SUCH_AS)));
    }

    private static byte[] masked(byte[] address, int bits) {
        byte[] masked = address.clone();
        for (int i = 0; i < masked.length; i++) {
            int kept = Math.max(0, Math.min(Byte.SIZE, bits - i * Byte.SIZE));
            masked[i] &= (byte) (0xFF << (Byte.SIZE - kept));
        }
        return masked;
    }

    private static String text(byte[] address) {
        return NetUtil.toAddressString(Literals.of(address));
    }

    boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length != prefix.length) {
            return false;
        }
        int whole = bits / Byte.SIZE;
        int rest = bits % Byte.SIZE;
        return Arrays.equals(bytes, 0, whole, prefix, 0, whole)
                && (rest == 0 || ((bytes[whole] ^ prefix[whole]) & (0xFF << (Byte.SIZE - rest)) & 0xFF) == 0);
    }

    /** How many bits its addresses begin with. */
    int bits() {
        return bits;
    }

    /** With what is in it, for people. */
    @Override
    public String toString() {
        return text(prefix) + '/' + bits + (what.isEmpty() ? "" : " (" + what + ')');
    }
}
