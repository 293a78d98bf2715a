package dev.tallyhook.source;

import java.util.Locale;

/** Why an event could not be mapped to a transaction in full. It is kept all the same. */
public enum Unmapped {
    /** The body is not what the provider says that it sends, such as no JSON. */
    UNREADABLE,
    /** Nothing in it tells the event from another one; a digest of the body does. */
    NO_IDENTITY,
    /** A type that no rule is known for. */
    UNKNOWN_TYPE,
    /** The event names what has happened and not what it was about: its content is to be fetched from the provider. */
    THIN,
    /** An event about money that does not say how much. */
    NO_AMOUNT,
    /** An amount that is none, or one with more than 18 digits before or after its point. */
    MALFORMED_AMOUNT,
    /** An amount without a currency, or with one whose code is none. */
    NO_CURRENCY,
    /** A currency whose unit this provider has not published. */
    UNKNOWN_CURRENCY,
    /** An amount that breaks the provider's own rule, such as a last digit that must be 0. It is kept as it came. */
    BROKEN_AMOUNT_RULE,
    /** An account or a subject that is too long, or has control characters. */
    MALFORMED_ACCOUNT,
    /** What it says is not signed by the provider, so it is not relied on. */
    NOT_SIGNED;

    /** As it is stored, filtered by and counted. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }
}
