package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Event;
import java.time.Instant;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What tells an event apart where its provider gives it no id: several of its fields together. */
final class DerivedIdentity {

    /** Nothing in it can be taken for the colon between two parts. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_.-]{0,64}");

    private DerivedIdentity() {}

    /**
     * Of these parts, in this order; one that is null is as one that is empty. It can be read if the parts are plain, and is a digest
     * if they are not, so that different parts never give the same.
     */
    static String of(@Nullable String... parts) {
        boolean plain = Arrays.stream(parts)
                .allMatch(part -> part == null || PLAIN.matcher(part).matches());
        String identity =
                Arrays.stream(parts).map(part -> part == null ? "" : part).collect(Collectors.joining(":"));
        return plain
                ? identity
                : Event.digest(Arrays.stream(parts)
                        .map(part -> part == null ? "0:" : part.length() + ":" + part)
                        .collect(Collectors.joining()));
    }

    /** A part that is a time: the same for each way to write it. What is none is kept as it came. */
    static @Nullable String time(@Nullable Instant time, @Nullable String sent) {
        return time == null ? sent : time.getEpochSecond() + (time.getNano() == 0 ? "" : "." + time.getNano());
    }
}
