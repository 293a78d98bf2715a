package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.AllowedPorts;
import dev.tallyhook.endpoint.TellingConfig;
import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What may be connected to. Whoever can name an endpoint must not reach through this service what only it can reach: its own machine, its
 * neighbours, what the cloud tells a machine about itself. So whatever is not public is refused, unless the settings let it in.
 *
 * <p>It judges addresses and not names, and the address that it has judged is the one that is connected to.
 */
public final class Guard {

    private static final String PREFIX = "tallyhook.telling.";

    /** All that is assigned to be reached from anywhere. */
    private static final Network PUBLIC_IPV6 = Network.parse("2000::/3", "");

    private final boolean allowHttp;
    private final AllowedPorts ports;
    private final Networks allowed;
    private final Networks denied;
    private final Networks special = Networks.special();

    /** @throws IllegalArgumentException if a setting is wrong, which {@link #problems} has told before */
    Guard(TellingConfig config) {
        allowHttp = config.allowHttp();
        ports = AllowedPorts.of(config.allowPorts());
        allowed = Networks.parse(config.allowedNetworks().orElse(List.of()));
        denied = Networks.parse(config.deniedNetworks().orElse(List.of()));
    }

    /** What is wrong with the networks of the settings, a line for each value. */
    public static List<String> problems(TellingConfig config) {
        List<String> problems = new ArrayList<>();
        collect("allowed-networks", config.allowedNetworks().orElse(List.of()), Guard::network, problems);
        collect("denied-networks", config.deniedNetworks().orElse(List.of()), Guard::network, problems);
        return problems;
    }

    private static Network network(String cidr) {
        return Network.parse(cidr.strip(), "");
    }

    private static void collect(String setting, List<String> values, Consumer<String> check, List<String> problems) {
        for (String value : values) {
            try {
                check.accept(value);
            } catch (IllegalArgumentException wrong) {
                problems.add(PREFIX + setting + ": " + wrong.getMessage());
            }
        }
    }

    /** Why nothing is sent there, whatever is at its address: for its scheme, its port, or a part that it may not have. */
    Optional<String> refusal(URI url) {
        boolean https = "https".equalsIgnoreCase(url.getScheme());
        if (!https && !"http".equalsIgnoreCase(url.getScheme())) {
            return Optional.of("the URL begins neither with https:// nor with http://");
        }
        if (!https && !allowHttp) {
            return Optional.of("http is not allowed by " + PREFIX + "allow-http");
        }
        if (url.getHost() == null) {
            return Optional.of("the URL names no host as it must be written");
        }
        if (url.getRawUserInfo() != null) {
            return Optional.of("the URL has a user in it");
        }
        int port = port(url);
        return ports.contains(port)
                ? Optional.empty()
                : Optional.of("port " + port + " is not among " + PREFIX + "allow-ports");
    }

    /** The one that is said, or the scheme's own. */
    static int port(URI url) {
        return url.getPort() >= 0 ? url.getPort() : "https".equalsIgnoreCase(url.getScheme()) ? 443 : 80;
    }

    /** Why this address must not be connected to; nothing if it may. */
    Optional<String> refusal(InetAddress address) {
        Optional<Carried> carried = Carried.by(address);
        return denied.containing(address)
                .map(network -> refusal(address, network + " of " + PREFIX + "denied-networks"))
                .or(() -> carried.flatMap(
                        ipv4 -> refusal(ipv4.address()).map(why -> text(address) + " carries an address: " + why)))
                .or(() -> carried.filter(Carried::alone).isPresent() ? Optional.empty() : ownRefusal(address));
    }

    private Optional<String> ownRefusal(InetAddress address) {
        if (allowed.containing(address).isPresent()) {
            return Optional.empty();
        }
        return special.containing(address)
                .map(network -> refusal(address, network.toString()))
                .or(() -> {
                    boolean isPublic = !(address instanceof Inet6Address) || PUBLIC_IPV6.contains(address);
                    return isPublic
                            ? Optional.empty()
                            : Optional.of(
                                    text(address) + " is outside of " + PUBLIC_IPV6 + ", and must not be connected to");
                });
    }

    private static String refusal(InetAddress address, String network) {
        return text(address) + " is in " + network + ", which must not be connected to";
    }

    private static String text(InetAddress address) {
        return NetUtil.toAddressString(address);
    }
}
