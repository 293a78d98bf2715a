package dev.tallyhook.keeping;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Period;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What is to be said of {@link KeepingConfig}. */
public final class KeepingRules {

    private static final String PREFIX = "tallyhook.ledger.";

    /** Of years, months, weeks and days, and of hours, minutes and seconds: whole ones, and none below zero. */
    private static final Pattern ISO_8601 = Pattern.compile("(P(?:\\d{1,4}[YMWD])*)(T(?:\\d{1,9}[HMS])+)?");

    private static final int YEARS_MAX = 1000;

    private KeepingRules() {}

    /** What is wrong with the settings, a line for each. */
    public static List<String> problems(KeepingConfig config) {
        List<String> problems = new ArrayList<>();
        config.keep().ifPresent(age -> check("keep", age, false, problems));
        check("remember-ids", config.rememberIds(), true, problems);
        config.keepRequests().ifPresent(age -> check("keep-requests", age, false, problems));
        config.keepConflicts().ifPresent(age -> check("keep-conflicts", age, false, problems));
        config.keepDeadLetters().ifPresent(age -> check("keep-dead-letters", age, false, problems));
        config.archiveTo().flatMap(ArchiveStores::wrong).ifPresent(what -> problems.add(PREFIX + "archive-to " + what));
        if (config.archiveTo().isPresent() && config.keep().isEmpty()) {
            problems.add(PREFIX + "archive-to needs " + PREFIX + "keep, which says when transactions go there");
        }
        return problems;
    }

    /** Whether anything goes but ids. */
    public static boolean isAnythingToGo(KeepingConfig config) {
        return config.keep().isPresent()
                || config.keepRequests().isPresent()
                || config.keepConflicts().isPresent()
                || config.keepDeadLetters().isPresent();
    }

    static boolean areIdsRemembered(KeepingConfig config) {
        return !isNone(config.rememberIds()).orElseThrow();
    }

    private static void check(String name, String age, boolean mayBeNone, List<String> problems) {
        Optional<Boolean> isNone = isNone(age);
        if (isNone.isEmpty()) {
            problems.add(PREFIX + name + " must be an ISO 8601 duration, such as P7Y, P90D or PT36H, and is " + age);
        } else if (isNone.get() && !mayBeNone) {
            problems.add(PREFIX + name + " must be longer than none; to keep for ever, leave it out");
        }
    }

    /** Whether it is no time at all; nothing, if it is no such duration. */
    static Optional<Boolean> isNone(String age) {
        Matcher parts = ISO_8601.matcher(age);
        if (!parts.matches() || age.equals("P")) {
            return Optional.empty();
        }
        try {
            Period days = parts.group(1).equals("P") ? Period.ZERO : Period.parse(parts.group(1));
            Duration time = parts.group(2) == null ? Duration.ZERO : Duration.parse("P" + parts.group(2));
            boolean isTooLong = days.toTotalMonths() > YEARS_MAX * 12L || time.toDays() > YEARS_MAX * 365L;
            return isTooLong ? Optional.empty() : Optional.of(days.isZero() && time.isZero());
        } catch (DateTimeException wrongOrder) {
            return Optional.empty();
        }
    }
}
