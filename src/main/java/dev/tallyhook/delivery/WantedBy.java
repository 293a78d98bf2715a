package dev.tallyhook.delivery;

/** Which transactions an endpoint wants to hear of, by its filters. */
final class WantedBy {

    /**
     * A condition on {@code endpoints AS e} and {@code transactions AS t}, true or not (false or NULL). A filter that is NULL lets all
     * pass; what a transaction has not got, such as the amount of an event that could not be mapped, passes no filter by it.
     */
    static final String SQL = """
            (e.sources IS NULL OR coalesce(t.source, 'transactions') = ANY (e.sources))
            AND (e.types IS NULL OR t.type = ANY (e.types))
            AND (e.currencies IS NULL OR t.currency = ANY (e.currencies))
            AND (e.accounts IS NULL OR t.source_account = ANY (e.accounts) OR t.destination_account = ANY (e.accounts))
            AND (e.amount_min IS NULL OR t.amount >= e.amount_min)
            """;

    /** A condition on {@code endpoints AS e}, true or false: whether every transaction passes, because none of its filters is set. */
    static final String NO_FILTERS = "(num_nonnulls(e.sources, e.types, e.currencies, e.accounts, e.amount_min) = 0)";

    private WantedBy() {}
}
