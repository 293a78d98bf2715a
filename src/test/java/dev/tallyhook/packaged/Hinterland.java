package dev.tallyhook.packaged;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A network namespace of Linux, which one line joins to this machine: once the line is down, packets are lost in silence, as when a
 * balancer or NAT forgets a connection. A proxy could not do that, because its own kernel would go on answering keepalives.
 */
final class Hinterland implements AutoCloseable {

    private final int number = ThreadLocalRandom.current().nextInt(1, 255);

    /** Among the addresses that are for private use. */
    private final String network = "10.213." + number + ".";

    /** Interfaces have short names. */
    private final String name = "tallyhook" + number;

    private final String near = name + "a";
    private final String far = name + "b";

    /** Skips the test where the machine does not let it make one. */
    Hinterland() throws Exception {
        Programs.assumeInstalled("ip", "iproute2");
        Assumptions.assumeTrue(
                Programs.run("ip", "netns", "add", name).exitCode() == 0, "this user may not make a network namespace");
        try {
            ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name);
            ip("address", "add", here() + "/30", "dev", near);
            ip("link", "set", near, "up");
            ip("-n", name, "address", "add", there() + "/30", "dev", far);
            ip("-n", name, "link", "set", far, "up");
            ip("-n", name, "link", "set", "lo", "up");
        } catch (AssertionError unfinished) {
            ip("netns", "delete", name);
            throw unfinished;
        }
    }

    /** The address of this machine, as it is seen from there. */
    String here() {
        return network + "1";
    }

    /** The address there, as it is seen from this machine. */
    String there() {
        return network + "2";
    }

    /** Runs the command in it. */
    List<String> command(List<String> command) {
        return Stream.concat(Stream.of("ip", "netns", "exec", name), command.stream())
                .toList();
    }

    /** From now on nothing comes through, and nobody is told. */
    void forget() throws IOException {
        ip("-n", name, "link", "set", far, "down");
    }

    private static void ip(String... arguments) throws IOException {
        try {
            var outcome = Programs.run(
                    Stream.concat(Stream.of("ip"), Stream.of(arguments)).toArray(String[]::new));
            assertEquals(0, outcome.exitCode(), () -> String.join(" ", arguments) + ": " + outcome.output());
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    @Override
    public void close() throws IOException {
        ip("link", "delete", near);
        ip("netns", "delete", name);
    }
}
