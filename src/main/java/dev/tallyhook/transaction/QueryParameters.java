package dev.tallyhook.transaction;

import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.problem.Violation;
import io.vertx.core.http.HttpServerRequest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * The parameters of a query, each read by its rule. Violations are gathered, so that all of them can be named at once: the
 * caller reads what it knows and then calls {@link #requireValid}. A parameter that nobody knows is a violation too, because a
 * filter with a slip in its name would otherwise list everything.
 */
public final class QueryParameters {

    private static final int LIMIT_MAX = 500;
    private static final int LIMIT_DEFAULT = 50;

    /** More than there are parameters: a flood of unknown ones need not all be answered. */
    private static final int VIOLATIONS_MAX = 20;

    private final Map<String, List<String>> given;
    private final List<String> known = new ArrayList<>();
    private final List<Violation> violations = new ArrayList<>();

    /**
     * Reads those of a request.
     *
     * @throws ProblemException 400 if its query is not percent-encoded UTF-8
     */
    public QueryParameters(HttpServerRequest request) {
        this.given = Query.read(request.query());
    }

    /** The query of a list as this service reads it, in the place of one that a proxy may have rewritten. */
    String canonical() {
        return Query.write(given);
    }

    /** One of {@link TransactionStatus}, by its name. */
    Optional<TransactionStatus> status(String name) {
        return read(name, "must be PROCESSING, PROCESSED or HELD", value -> {
            try {
                return Optional.of(TransactionStatus.valueOf(value));
            } catch (IllegalArgumentException unknown) {
                return Optional.empty();
            }
        });
    }

    /** An id or an account, by the rule of {@link Identifier}. */
    Optional<String> identifier(String name) {
        return read(
                name,
                "must be 1 to 255 characters without control characters and unpaired surrogates",
                value -> Optional.of(value).filter(text -> Identifier.violation(text) == null));
    }

    /** A time, by the rule of {@link Timestamps}. */
    public Optional<Instant> time(String name) {
        return read(name, Timestamps.VIOLATION, Timestamps::parse);
    }

    /** What is either asked for, by {@code true}, or not said. */
    boolean flag(String name) {
        return read(name, "must be true", value -> Optional.of(value).filter("true"::equals))
                .isPresent();
    }

    /** How many rows a page has at most: 1 to 500, or 50 if nothing is said. */
    public int limit() {
        return read("limit", "must be a whole number from 1 to " + LIMIT_MAX, QueryParameters::limit)
                .orElse(LIMIT_DEFAULT);
    }

    private static Optional<Integer> limit(String value) {
        return value.matches("[0-9]{1,3}")
                ? Optional.of(Integer.valueOf(value)).filter(limit -> limit >= 1 && limit <= LIMIT_MAX)
                : Optional.empty();
    }

    /** Where the page before ended; to be read by {@link Cursor#read}. */
    Optional<String> cursor() {
        return read("cursor", "must be one", Optional::of);
    }

    private <T> Optional<T> read(String name, String rule, Function<String, Optional<T>> reader) {
        known.add(name);
        List<String> values = given.getOrDefault(name, List.of());
        if (values.isEmpty()) {
            return Optional.empty();
        }
        if (values.size() > 1) {
            violations.add(new Violation(name, "must be given once"));
            return Optional.empty();
        }
        Optional<T> value = reader.apply(values.get(0));
        if (value.isEmpty()) {
            violations.add(new Violation(name, rule));
        }
        return value;
    }

    /**
     * To be called when all that is known has been read.
     *
     * @throws ProblemException 422 with every parameter that breaks its rule, or that none was read by
     */
    public void requireValid() {
        for (String name : new TreeMap<>(given).keySet()) {
            if (!known.contains(name)) {
                String none = known.isEmpty() ? "is not known here" : "is none of " + String.join(", ", known);
                violations.add(new Violation(nameable(name), none));
            }
        }
        if (!violations.isEmpty()) {
            throw ProblemException.unprocessable(violations.subList(0, Math.min(violations.size(), VIOLATIONS_MAX)));
        }
    }

    /** A name comes back in the answer, so it is cut to what a name can be. */
    private static String nameable(String name) {
        String plain = name.replaceAll("[^A-Za-z0-9_.-]", "?");
        return plain.length() > 40 ? plain.substring(0, 40) : plain;
    }
}
