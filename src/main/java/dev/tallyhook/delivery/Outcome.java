package dev.tallyhook.delivery;

/** What came of an attempt. */
public enum Outcome {
    /** A status of 2xx. */
    DELIVERED,
    /** Another status than those below. */
    REFUSED,
    /** 429, 502, 503 or 504: it asks for less. */
    THROTTLED,
    /** 410: it wants nothing any more. */
    GONE,
    /** A status of 3xx: redirects are not followed. */
    REDIRECTED,
    /** No whole answer in time. */
    TIMED_OUT,
    /** No connection, or one that broke. */
    UNREACHABLE,
    /** No certificate that can be trusted, or no TLS. */
    UNTRUSTED,
    /** Its name has no address. */
    UNKNOWN_HOST,
    /** An address, a port or a scheme that must not be connected to. */
    FORBIDDEN,
    /** The message could not be made or signed here. */
    UNSENDABLE
}
