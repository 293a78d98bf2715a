package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworksTest {

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8,     10.0.0.0,    10.255.255.255, 9.255.255.255,  11.0.0.0",
        "172.16.0.0/12,  172.16.0.0,  172.31.255.255, 172.15.255.255, 172.32.0.0",
        "192.0.2.7/32,   192.0.2.7,   192.0.2.7,      192.0.2.6,      192.0.2.8",
        "192.0.2.6/31,   192.0.2.6,   192.0.2.7,      192.0.2.5,      192.0.2.8",
        "128.0.0.0/1,    128.0.0.0,   255.255.255.255, 127.255.255.255, 0.0.0.0",
        "fd00::/8,       fd00::,      fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, fcff::1, fe00::",
        "2001:db8:8::/45, 2001:db8:8::, 2001:db8:f:ffff:ffff:ffff:ffff:ffff, 2001:db8:7:ffff:ffff:ffff:ffff:ffff, 2001:db8:10::",
        "2001:db8::1/128, 2001:db8::1, 2001:db8::1, 2001:db8::, 2001:db8::2"
    })
    void a_network_has_its_first_and_its_last_address_and_not_those_beside(
            String cidr, String first, String last, String before, String behind) {
        Network network = Network.parse(cidr, "");
        assertTrue(network.contains(address(first)) && network.contains(address(last)));
        assertFalse(network.contains(address(before)) || network.contains(address(behind)));
        assertEquals(cidr, network.toString());
    }

    @Test
    void everything_of_one_family_is_nothing_of_the_other() {
        assertTrue(Network.parse("0.0.0.0/0", "").contains(address("192.0.2.1")));
        assertFalse(Network.parse("0.0.0.0/0", "").contains(address("2001:db8::1")));
        assertTrue(Network.parse("::/0", "").contains(address("2001:db8::1")));
        assertFalse(Network.parse("::/0", "").contains(address("192.0.2.1")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/8",
                "10.0.0.0",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/08",
                "10.0.0.0/-1",
                "10.0.0.0/8/8",
                "10.0.0/8",
                "10/8",
                "010.0.0.0/8",
                "0x0a.0.0.0/8",
                "10.0.0.0/8 ",
                "10.0.0.256/32",
                "localhost/8",
                "fd00::/129",
                "fd00::",
                "[fd00::]/8",
                "fe80::%eth0/64",
                "fd00:::/8",
                "1::2::3/128",
                "fd00::g/8",
                "::ffff:10.0.0.0/104"
            })
    void what_is_not_written_as_a_network_is_refused_and_named(String wrong) {
        var refused = assertThrows(IllegalArgumentException.class, () -> Network.parse(wrong, ""));
        assertTrue(refused.getMessage().startsWith(wrong + " "), refused.getMessage());
    }

    @Test
    void bits_behind_the_prefix_are_refused_with_both_that_may_be_meant() {
        var refused = assertThrows(IllegalArgumentException.class, () -> Network.parse("10.1.2.3/8", ""));
        assertEquals(
                "10.1.2.3/8 has bits behind its prefix: 10.0.0.0/8 is the network, and 10.1.2.3/32 the address",
                refused.getMessage());
    }

    @Test
    void of_several_networks_the_smallest_is_named() {
        Networks networks = Networks.parse(List.of("10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/24"));
        assertEquals(
                "10.1.0.0/24",
                networks.containing(address("10.1.0.9")).orElseThrow().toString());
        assertEquals(
                "10.0.0.0/8",
                networks.containing(address("10.9.0.9")).orElseThrow().toString());
        assertTrue(networks.containing(address("11.0.0.1")).isEmpty());
    }

    private static InetAddress address(String text) {
        return Literals.address(text).orElseThrow();
    }
}
