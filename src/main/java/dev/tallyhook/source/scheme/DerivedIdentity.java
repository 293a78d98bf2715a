package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Event;
import java.time.Instant;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What tells an event apart whose provider gives it no id that is signed: those of its parts that no retry changes. */
final class DerivedIdentity {

    /** Not in any provider's ids, and as it is in a URL (RFC 3986 section 2.3). */
    private static final String SEPARATOR = "~";

    /** Visible ASCII without the separator, so that the parts can be told apart again. */
    private static final Pattern PLAIN = Pattern.compile("[!-}]*");

    /** Leaves room for the name of the source. */
    private static final int LENGTH_MAX = 160;

    private DerivedIdentity() {}

    /**
     * Of these parts, in this order; one that is null is as one that is empty. It can be read if the parts are plain, and is a digest
     * if they are not, so that different parts never give the same.
     */
    static String of(@Nullable String... parts) {
        boolean plain = true;
        var joined = new StringBuilder();
        var measured = new StringBuilder();
        for (@Nullable String given : parts) {
            String part = given == null ? "" : given;
            plain &= PLAIN.matcher(part).matches();
            joined.append(joined.isEmpty() && measured.isEmpty() ? "" : SEPARATOR)
                    .append(part);
            measured.append(part.length()).append(':').append(part);
        }
        return plain && joined.length() <= LENGTH_MAX ? joined.toString() : Event.digest(measured.toString());
    }

    /** Whether this text could be what {@link #of} gives, or a digest of an event's bytes. */
    static boolean mayBeOne(String identity) {
        return identity.contains(SEPARATOR) || identity.startsWith("sha256:");
    }

    /** A part that is a time: the same for each way to write it. What is none is kept as it came. */
    static @Nullable String time(@Nullable Instant time, @Nullable String sent) {
        return time == null ? sent : time.getEpochSecond() + (time.getNano() == 0 ? "" : "." + time.getNano());
    }
}
