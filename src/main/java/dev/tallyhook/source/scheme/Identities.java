package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Event;
import java.util.regex.Pattern;

/** What makes an event the same one when no single id of the provider does: several parts of it, joined. */
final class Identities {

    /** Not in any provider's ids, and safe in a URL (RFC 3986 section 2.3). */
    private static final String SEPARATOR = "~";

    /** Visible ASCII without the separator, so that the parts can be told apart again. */
    private static final Pattern PART = Pattern.compile("[!-}]*");

    /** Leaves room for the name of the source. */
    private static final int LENGTH_MAX = 160;

    private Identities() {}

    /**
     * The parts as they are, or a digest of them if one holds the separator, or what an id cannot hold. Their order counts, and
     * a part may be empty.
     */
    static String of(String... parts) {
        String joined = String.join(SEPARATOR, parts);
        boolean plain = !joined.isEmpty() && joined.length() <= LENGTH_MAX;
        var measured = new StringBuilder();
        for (String part : parts) {
            plain &= PART.matcher(part).matches();
            measured.append(part.length()).append(':').append(part);
        }
        return plain ? joined : Event.digest(measured.toString());
    }
}
