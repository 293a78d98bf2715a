package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Event;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What tells an event apart whose provider gives it no id that is signed: those of its parts that no retry changes. */
final class DerivedIdentity {

    private static final String SEPARATOR = ":";

    /** Parts that cannot hold the separator, as providers' ids and types are. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9._-]+");

    private DerivedIdentity() {}

    /** Null if one of the parts is missing. Other parts never give the same. */
    static @Nullable String of(List<? extends @Nullable String> parts) {
        boolean plain = true;
        var lengths = new StringBuilder();
        for (String part : parts) {
            if (part == null) {
                return null;
            }
            plain &= PLAIN.matcher(part).matches();
            lengths.append(part.length()).append(SEPARATOR).append(part);
        }
        return plain ? String.join(SEPARATOR, parts) : Event.digest(lengths.toString());
    }
}
