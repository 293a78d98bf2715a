package dev.tallyhook.database;

import jakarta.inject.Singleton;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.ThreadLocalRandom;

/** What this replica calls itself, in the dashboard and to the database: one name, by which both can be held together. */
@Singleton
public class ReplicaName {

    /** PostgreSQL keeps 63 bytes of a session's name, and what tells two on one host apart comes last. */
    private static final int HOST_LENGTH_MAX = 36;

    private final String host = host();
    private final String suffix = "-%04x".formatted(ThreadLocalRandom.current().nextInt(0x10000));

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException nameless) {
            return "replica";
        }
    }

    /** The host's name, which in Kubernetes is the pod's, and something that tells two on one host apart. */
    public String whole() {
        return host + suffix;
    }

    /** The same as a part of {@code application_name}: short, and of characters that need no quotes. */
    public String forSessions() {
        String plain = host.replaceAll("[^A-Za-z0-9.-]", "");
        return plain.substring(0, Math.min(plain.length(), HOST_LENGTH_MAX)) + suffix;
    }
}
