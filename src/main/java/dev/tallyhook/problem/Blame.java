package dev.tallyhook.problem;

import java.util.Locale;

/** Whose fault it is, as far as its SQLSTATE tells, that a statement for several rows has failed. */
public enum Blame {
    /** One row's, whatever is tried: 500, because our own rules should have refused it. */
    THE_ROW,

    /** One row's, or everybody's who comes near the same page, lock or trigger: 503, because a retry may pass. */
    PERHAPS_THE_ROW,

    /** Everybody's: 503 for all, without trying each. */
    THE_DATABASE,

    /** Not in the table: tried like what may be one row's, and answered 500, so that somebody looks. */
    UNKNOWN;

    String inWords() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
