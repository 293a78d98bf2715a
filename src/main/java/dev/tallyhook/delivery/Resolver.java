package dev.tallyhook.delivery;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Looks a name up. */
@FunctionalInterface
interface Resolver {

    /** All of its addresses; may take as long as it takes. */
    InetAddress[] addresses(String host) throws UnknownHostException;
}
