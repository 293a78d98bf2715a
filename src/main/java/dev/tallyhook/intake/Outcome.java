package dev.tallyhook.intake;

import dev.tallyhook.problem.ProblemException;
import java.util.Locale;

/** What a webhook is answered with, as it is counted. */
public enum Outcome {
    /** 202: stored now. */
    ACCEPTED,
    /** 202: stored earlier with the same content. */
    REPLAYED,
    /** 409: stored earlier with other content. */
    CONFLICTING,
    /** 400, 408, 413, 415, 422: nothing that could be stored. */
    INVALID,
    /** 401: nothing shows who sent it. */
    UNAUTHENTICATED,
    /** 503: more came than could be taken. */
    SHED,
    /** 503 because the database did not confirm, or 500. */
    FAILED;

    /** As metrics and reports have it. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Of a webhook that is answered with a problem. */
    static Outcome of(Throwable failure) {
        if (!(failure instanceof ProblemException problem)) {
            return FAILED;
        }
        if (problem.isOverload()) {
            return SHED;
        }
        return switch (problem.status()) {
            case 401 -> UNAUTHENTICATED;
            case 409 -> CONFLICTING;
            default -> problem.status() < 500 ? INVALID : FAILED;
        };
    }
}
