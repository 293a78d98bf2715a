package dev.tallyhook.database;

import java.security.Security;

/** How long the addresses of a name are remembered, such as of one that is moved to the new primary. */
public final class HostNames {

    /** Java remembers them for 30 s, and for 10 s that a name has none; both are longer than a failover takes. */
    private static final String SECONDS = "1";

    private HostNames() {}

    /**
     * Has names looked up anew after a second; to be called before the first one is. In a native binary the part of it that is decided
     * when the binary is built is decided by the options of that build.
     *
     * @see <a href="https://docs.oracle.com/en/java/javase/17/core/java-networking.html">Networking properties</a>
     */
    public static void rememberBriefly() {
        Security.setProperty("networkaddress.cache.ttl", SECONDS);
        Security.setProperty("networkaddress.cache.negative.ttl", SECONDS);
    }
}
