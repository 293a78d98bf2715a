package dev.tallyhook.citus;

import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * The part of the ledger whose ids have hashes from {@code least} up to that of the next shard: one table for each of the tables that are
 * distributed by the id of a transaction, all of them on one server.
 *
 * @param least the least hash of its ids
 * @param numbers what Citus calls the parts of tables, by the tables' names
 */
public record Shard(int least, Map<String, Long> numbers, Node node) {

    private static final String TRANSACTIONS = "transactions";

    /** Those that are distributed by the id of a transaction. */
    private static final Pattern TABLE = Pattern.compile("\\b(?:transactions|conflicts|gone|holds|tellings)\\b");

    /** Of its part of the table of transactions, by which Citus locks it. */
    public long number() {
        return Objects.requireNonNull(numbers.get(TRANSACTIONS), "a shard of other tables");
    }

    /** A statement of a plain ledger, on this shard's tables. */
    public String statement(String plain) {
        return TABLE.matcher(plain).replaceAll(table -> table.group() + "_" + numbers.get(table.group()));
    }
}
