package dev.tallyhook.intake;

import static dev.tallyhook.database.Durability.DURABLY;
import static java.util.stream.Collectors.joining;

import dev.tallyhook.citus.Shard;
import dev.tallyhook.delivery.Telling;
import dev.tallyhook.endpoint.EventKind;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The insert of a group into the shards of one server, by one statement: each shard takes those rows that have its place. One statement for
 * each shard would cost as much again for each of them as the first one, before it has stored a row.
 */
enum ShardInsert {
    /** Of webhooks of the built-in source alone. */
    BUILT_IN("", "", ""),

    /** With events of named senders among them, whose requests have numbers already. */
    WITH_EVENTS(
            ", source, type, subject, occurred_at, unmapped, amount_sent, amount_unit, request, request_place",
            ", source, type, subject, occurred_at, unmapped, amount_sent, amount_unit::\"char\", request, request_place",
            ", ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::bigint[], ?::int[]");

    private static final String WEBHOOK = """
            WITH webhook AS MATERIALIZED (
                SELECT *, now() + ? * interval '1 microsecond' AS due_at
                FROM unnest(?::text[], ?::text[], ?::text[], ?::numeric[], ?::text[], ?::text[]%s, ?::int[])
                    AS webhook (transaction_id, source_account, destination_account, amount, currency, traceparent%s, place))
            """;

    /** What is gone is known in the shard that it was in. */
    private static final String INSERTED = """
            ,
            inserted_%1$d AS (
                INSERT INTO transactions (
                    transaction_id, source_account, destination_account, amount, currency, due_at, traceparent%2$s)
                SELECT transaction_id, source_account, destination_account, amount, currency, due_at, traceparent%3$s
                FROM webhook
                WHERE place = %1$d
                  AND transaction_id <> ALL (ARRAY (
                      SELECT gone.transaction_id
                      FROM gone
                      WHERE gone.transaction_id = ANY (ARRAY (SELECT transaction_id FROM webhook WHERE place = %1$d))))
                ON CONFLICT (transaction_id) DO NOTHING
                RETURNING %4$s)""";

    private static final String NEW = """

            SELECT CASE WHEN count(*) < ? THEN coalesce(array_agg(transaction_id), '{}') END
            FROM (%s) AS inserted
            WHERE\s""" + DURABLY;

    private final String columns;
    private final String values;
    private final String types;

    ShardInsert(String columns, String values, String types) {
        this.columns = columns;
        this.values = values;
        this.types = types;
    }

    /** What a statement is made for. */
    record Wanted(ShardInsert of, boolean tells) {}

    /** The statement; its answer is that of {@link LedgerWriter#WHICH_WERE_NEW}. */
    String text(List<Shard> shards, boolean tells) {
        String parts = IntStream.range(0, shards.size())
                .mapToObj(place -> shards.get(place).statement(part(place, tells)))
                .collect(joining());
        String all = IntStream.range(0, shards.size())
                .mapToObj(place -> "SELECT transaction_id FROM inserted_" + place)
                .collect(joining(" UNION ALL "));
        return WEBHOOK.stripTrailing().formatted(types, columns) + parts + NEW.formatted(all);
    }

    private String part(int place, boolean tells) {
        String inserted = INSERTED.formatted(place, columns, values, tells ? Telling.COLUMNS : "transaction_id");
        return tells
                ? inserted
                        + Telling.keep("told_" + place, EventKind.ACCEPTED, "inserted_" + place, "transaction_id")
                                .stripTrailing()
                : inserted;
    }
}
