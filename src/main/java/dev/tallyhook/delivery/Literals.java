package dev.tallyhook.delivery;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Pattern;

/** Addresses as they stand in a URL or in a setting: those that are written in one way alone. */
final class Literals {

    private static final String PART = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    private static final Pattern IPV4 = Pattern.compile(PART + "(\\." + PART + "){3}");

    /** Of IPv6 nothing else has these alone, and a zone has no place in what goes to another machine. */
    private static final Pattern LIKE_IPV6 = Pattern.compile("[0-9a-fA-F:]*:[0-9a-fA-F:.]*");

    /** What ends in a number is an IPv4 address or none at all, never a name: 127.1, 0x7f000001 and 017700000001 are read by some. */
    private static final Pattern ENDS_IN_NUMBER = Pattern.compile("(.*\\.)?(\\d+|0[xX][0-9a-fA-F]*)\\.?");

    private Literals() {}

    /** The address that is written there: four decimal numbers without leading zeros, or IPv6 without brackets or zone. */
    static Optional<InetAddress> address(String text) {
        boolean isIpv6 = text.indexOf(':') >= 0;
        if (isIpv6 ? !LIKE_IPV6.matcher(text).matches() : !IPV4.matcher(text).matches()) {
            return Optional.empty();
        }
        return Optional.ofNullable(NetUtil.createByteArrayFromIpAddressString(isIpv6 ? withoutDots(text) : text))
                .map(Literals::of);
    }

    /** The last 32 bits may be written as IPv4's (RFC 4291 section 2.2), which is not read everywhere. */
    private static String withoutDots(String ipv6) {
        int last = ipv6.lastIndexOf(':') + 1;
        if (!IPV4.matcher(ipv6.substring(last)).matches()) {
            return ipv6;
        }
        byte[] bytes = NetUtil.createByteArrayFromIpAddressString(ipv6.substring(last));
        return "%s%02x%02x:%02x%02x".formatted(ipv6.substring(0, last), bytes[0], bytes[1], bytes[2], bytes[3]);
    }

    /** Without a name and without a zone; an IPv4 address in IPv6's clothes (::ffff:1.2.3.4) becomes what it is. */
    static InetAddress of(byte[] address) {
        try {
            return InetAddress.getByAddress(address);
        } catch (UnknownHostException length) {
            throw new IllegalArgumentException(length);
        }
    }

    /**
     * Whether no name can look so, but some would take it for an IPv4 address.
     *
     * @see <a href="https://url.spec.whatwg.org/#ends-in-a-number-checker">The URL Standard's "ends in a number"</a>
     */
    static boolean endsInNumber(String host) {
        return ENDS_IN_NUMBER.matcher(host).matches();
    }
}
