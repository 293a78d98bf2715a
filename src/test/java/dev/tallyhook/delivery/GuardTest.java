package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.SettingsRules;
import dev.tallyhook.endpoint.TellingConfig;
import io.smallrye.config.ConfigValidationException;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuardTest {

    /** 26 and 22 in the registries, without the two that are judged as the IPv4 that they carry, and 3 that are in none. */
    private static final int RANGES = 26 + 23 + 3 + 1;

    private final Guard guard = new Guard(TellingSettings.with());

    static List<String> ranges() throws IOException {
        try (var file = Networks.class.getResourceAsStream("special-networks.txt")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(line -> line.substring(0, line.indexOf(' ')))
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("ranges")
    void the_first_and_the_last_address_of_each_special_range_are_refused_with_the_range(String cidr)
            throws IOException {
        InetAddress first = address(cidr.substring(0, cidr.indexOf('/')));
        int bits = Integer.parseInt(cidr.substring(cidr.indexOf('/') + 1));
        assertTrue(refusal(guard, first).contains("must not be connected to"));
        assertTrue(refusal(guard, last(first, bits)).contains("must not be connected to"));
    }

    @Test
    void every_range_is_there() throws IOException {
        assertEquals(RANGES, ranges().size());
        assertEquals(RANGES, Set.copyOf(ranges()).size());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            127.0.0.1       | 127.0.0.1 is in 127.0.0.0/8 (loopback), which must not be connected to
            169.254.169.254 | 169.254.169.254 is in 169.254.0.0/16 (link-local, with metadata services), which must not be connected to
            192.0.0.8       | 192.0.0.8 is in 192.0.0.8/32 (IPv4 dummy address), which must not be connected to
            fd00:ec2::254   | fd00:ec2::254 is in fc00::/7 (unique local, with metadata services), which must not be connected to
            168.63.129.16   | 168.63.129.16 is in 168.63.129.16/32 (platform services of Azure), which must not be connected to
            ::1             | ::1 is in ::1/128 (loopback), which must not be connected to
            4000::          | 4000:: is outside of 2000::/3, and must not be connected to
            """)
    void a_refusal_says_which_range_and_what_is_in_it(String address, String refusal) {
        assertEquals(refusal, refusal(guard, address(address)));
    }

    private static InetAddress last(InetAddress first, int bits) {
        int length = first.getAddress().length;
        BigInteger ones = BigInteger.ONE.shiftLeft(length * 8 - bits).subtract(BigInteger.ONE);
        byte[] sum = new BigInteger(1, first.getAddress()).or(ones).toByteArray();
        byte[] last = new byte[length];
        int copied = Math.min(sum.length, length);
        System.arraycopy(sum, sum.length - copied, last, length - copied, copied);
        return Literals.of(last);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.0.0.0",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "168.63.129.15",
                "168.63.129.17",
                "169.253.255.255",
                "169.255.0.0",
                "172.15.255.255",
                "172.32.0.0",
                "191.255.255.255",
                "192.0.1.0",
                "192.0.3.0",
                "192.31.195.255",
                "192.31.197.0",
                "192.52.192.255",
                "192.52.194.0",
                "192.88.98.255",
                "192.88.100.0",
                "192.167.255.255",
                "192.169.0.0",
                "192.175.47.255",
                "192.175.49.0",
                "198.17.255.255",
                "198.20.0.0",
                "198.51.99.255",
                "198.51.101.0",
                "203.0.112.255",
                "203.0.114.0",
                "223.255.255.255",
                "2000::",
                "2001:200::",
                "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:db9::",
                "2001:ffff::1",
                "2003::",
                "2620:4f:7fff::1",
                "2620:4f:8001::",
                "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                "3fff:1000::",
                "::ffff:11.0.0.0",
                "::ffff:0:11.0.0.0",
                "::11.0.0.0",
                "64:ff9b::11.0.0.0"
            })
    void what_lies_beside_is_public(String address) {
        assertEquals(Optional.empty(), guard.refusal(address(address)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "::ffff:127.0.0.1",
                "::ffff:7f00:1",
                "::127.0.0.1",
                "::ffff:0:127.0.0.1",
                "64:ff9b::127.0.0.1",
                "2002:7f00:1::1",
                "2001:0:1234::80ff:fffe"
            })
    void an_ipv4_address_in_any_clothes_of_ipv6_is_refused_as_what_it_is(String address) {
        assertTrue(
                refusal(guard, address(address))
                        .endsWith("127.0.0.1 is in 127.0.0.0/8 (loopback), which must not be connected to"),
                () -> refusal(guard, address(address)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2002:b00::1",
                "2001:0:1234::f4ff:ffff",
                "4000::",
                "1fff::1",
                "e000::",
                "400::1",
                "64:ff9b:1::b00:0"
            })
    void what_is_no_address_of_the_public_ipv6_internet_is_refused(String address) {
        refusal(guard, address(address));
    }

    @Test
    void allowed_networks_let_in_what_is_special_and_denied_ones_count_before_them() {
        var some = new Guard(TellingSettings.with(
                "allowed-networks",
                "10.1.0.0/16,fd00:1::/32,2002::/16",
                "denied-networks",
                "10.1.7.0/24,11.0.0.0/8,fd00:1:7::/48"));
        for (String allowed : List.of(
                "10.1.2.3",
                "::ffff:0:10.1.2.3",
                "64:ff9b::10.1.2.3",
                "fd00:1::1",
                "12.0.0.1",
                "2002:c00:1::1",
                "2002:a01:203::")) {
            assertEquals(Optional.empty(), some.refusal(address(allowed)), allowed);
        }
        for (String refused : List.of("10.2.0.0", "::ffff:0:10.2.2.3", "fd00:2::1", "2002:7f00:1::1")) {
            refusal(some, address(refused));
        }
        for (String denied : List.of("10.1.7.1", "11.0.0.1", "64:ff9b::11.0.0.1", "fd00:1:7::1", "2002:b00:1::")) {
            assertTrue(refusal(some, address(denied)).contains("denied-networks"), denied);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            http://example.com/             | http is not allowed by tallyhook.telling.allow-http
            ftp://example.com/              | the URL begins neither with https:// nor with http://
            https://example.com:22/         | port 22 is not among tallyhook.telling.allow-ports
            https://example.com:80/         | port 80 is not among tallyhook.telling.allow-ports
            https://a@example.com/          | the URL has a user in it
            https://127.1/                  | the URL names no host as it must be written
            https:///hooks                  | the URL names no host as it must be written
            """)
    void a_scheme_a_port_and_a_part_that_may_not_be_are_refused_with_the_setting(String url, String why) {
        assertEquals(Optional.of(why), guard.refusal(URI.create(url)));
    }

    @Test
    void a_scheme_and_ports_are_let_in_by_the_settings() {
        var some = new Guard(TellingSettings.with("allow-http", "true", "allow-ports", "80,9000-9001"));
        for (String url : List.of("http://example.com", "HTTP://example.com:9000/", "https://example.com:9001/a?b=c")) {
            assertEquals(Optional.empty(), some.refusal(URI.create(url)), url);
        }
        for (String url : List.of("https://example.com", "http://example.com:8999/", "https://example.com:9002/")) {
            assertTrue(some.refusal(URI.create(url)).isPresent(), url);
        }
        for (String url : List.of("https://example.com", "https://example.com:1024/", "https://[2001:db8::1]:65535/")) {
            assertEquals(Optional.empty(), guard.refusal(URI.create(url)), url);
        }
    }

    @Test
    void each_value_of_a_setting_that_is_wrong_has_a_line() {
        assertEquals(List.of(), Guard.problems(TellingSettings.with()));
        assertEquals(
                List.of(
                        "tallyhook.telling.allowed-networks: all is no network, such as 10.0.0.0/8 or fd00::/8",
                        "tallyhook.telling.denied-networks: 10.0.0.0/99 needs the length of its prefix, from 0 to 32, such as 10.0.0.0/8 or fd00::/8"),
                Guard.problems(
                        TellingSettings.with("allowed-networks", "all", "denied-networks", "10.0.0.0/8,10.0.0.0/99")));
    }

    @Test
    void a_value_that_is_wrong_stops_the_start() {
        var config = TellingSettings.with("denied-networks", "everything");
        var refused = assertThrows(ConfigValidationException.class, () -> new SettingsRules()
                .validateMapping(TellingConfig.class, "tallyhook.telling", config));
        assertEquals(1, refused.getProblemCount());
        assertTrue(refused.getProblem(0).getMessage().startsWith("tallyhook.telling.denied-networks: everything"));
    }

    private static String refusal(Guard guard, InetAddress address) {
        return guard.refusal(address).orElseThrow(() -> new AssertionError(address + " is not refused"));
    }

    private static InetAddress address(String text) {
        return Literals.address(text).orElseThrow(() -> new AssertionError(text));
    }
}
