package dev.tallyhook.delivery;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Some networks, and which of them an address is in. */
final class Networks {

    private static final String SPECIAL = "special-networks.txt";

    private final List<Network> smallestFirst;

    private Networks(List<Network> networks) {
        smallestFirst = networks.stream()
                .sorted(Comparator.comparingInt(Network::bits).reversed())
                .toList();
    }

    /**
     * Those of a setting.
     *
     * @throws IllegalArgumentException if one is not written as a network is
     */
    static Networks parse(List<String> cidrs) {
        return new Networks(
                cidrs.stream().map(cidr -> Network.parse(cidr.strip(), "")).toList());
    }

    /** Those that nobody outside is to be reached in. */
    static Networks special() {
        try (InputStream file = Networks.class.getResourceAsStream(SPECIAL)) {
            if (file == null) {
                throw new IllegalStateException(SPECIAL + " is missing");
            }
            return new Networks(new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(line -> line.split("\\s+", 2))
                    .map(columns -> Network.parse(columns[0], columns[1]))
                    .collect(Collectors.toList()));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** The smallest that it is in. */
    Optional<Network> containing(InetAddress address) {
        for (Network network : smallestFirst) {
            if (network.contains(address)) {
                return Optional.of(network);
            }
        }
        return Optional.empty();
    }
}
