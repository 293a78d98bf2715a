package dev.tallyhook.intake;

import dev.tallyhook.source.Money;
import dev.tallyhook.transaction.Columns;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The insert of groups with events of named senders: the requests that brought them are kept as well, by one statement, unless
 * nothing that they brought was new.
 */
final class EventInsert {

    private static final String INSERT = """
            WITH request AS MATERIALIZED (
                SELECT ((extract(epoch FROM now()) * 1000)::bigint << 20) + (random() * 1048575)::bigint AS id, raw, number
                FROM unnest(?::bytea[]) WITH ORDINALITY AS request (raw, number)),
            inserted AS (
                INSERT INTO transactions (
                    transaction_id, source_account, destination_account, amount, currency, due_at, traceparent,
                    source, type, subject, occurred_at, unmapped, amount_sent, amount_unit, request, request_place)
                SELECT transaction_id, source_account, destination_account, amount, currency,
                       now() + ? * interval '1 microsecond', traceparent,
                       source, type, subject, occurred_at, unmapped, amount_sent, amount_unit::"char",
                       (SELECT array_agg(id ORDER BY number) FROM request)[request], request_place
                FROM unnest(?::text[], ?::text[], ?::text[], ?::numeric[], ?::text[], ?::text[],
                        ?::text[], ?::text[], ?::text[], ?::timestamptz[], ?::text[], ?::text[], ?::text[], ?::int[], ?::int[])
                    AS webhook (transaction_id, source_account, destination_account, amount, currency, traceparent,
                        source, type, subject, occurred_at, unmapped, amount_sent, amount_unit, request, request_place)
                WHERE\s""" + LedgerWriter.ARE_NOT_GONE + """
                ON CONFLICT (transaction_id) DO NOTHING
                RETURNING %s, request),
            kept AS (
                INSERT INTO requests (id, raw)
                SELECT id, raw
                FROM request
                WHERE id IN (SELECT request FROM inserted))
            """;

    private static final LedgerWriter.Insert EVENTS = LedgerWriter.Insert.of(INSERT);

    private EventInsert() {}

    /** Bound, and to be executed and closed. Its answer is that of every {@link LedgerWriter.Insert}. */
    static PreparedStatement prepare(Connection connection, boolean tells, Duration delay, List<Webhook> webhooks)
            throws SQLException {
        var requests = KeptRequests.of(webhooks);
        PreparedStatement insert = connection.prepareStatement(EVENTS.text(tells));
        insert.setArray(1, connection.createArrayOf("bytea", requests.compressed()));
        insert.setLong(2, delay.toNanos() / 1_000);
        LedgerWriter.bindColumns(insert, 3, webhooks);
        int next = bindEvents(insert, 3 + LedgerWriter.COLUMNS, webhooks);
        insert.setArray(next++, ofEvents(connection, "int", webhooks, event -> requests.number(event.raw())));
        insert.setArray(next++, ofEvents(connection, "int", webhooks, event -> event.raw()
                .place()));
        insert.setArray(next++, Columns.of(connection, "text", webhooks, Webhook::transactionId));
        insert.setInt(next, webhooks.size());
        return insert;
    }

    /** What a webhook has beside {@link LedgerWriter#bindColumns}, but for its request; gives the place behind the last one. */
    static int bindEvents(PreparedStatement insert, int first, List<Webhook> webhooks) throws SQLException {
        Connection connection = insert.getConnection();
        int next = first;
        insert.setArray(next++, Columns.of(connection, "text", webhooks, Webhook::traceparent));
        insert.setArray(next++, ofEvents(connection, "text", webhooks, EventRow::source));
        insert.setArray(next++, ofEvents(connection, "text", webhooks, EventRow::type));
        insert.setArray(next++, ofEvents(connection, "text", webhooks, EventRow::subject));
        insert.setArray(next++, ofEvents(connection, "timestamptz", webhooks, EventRow::occurredAt));
        insert.setArray(next++, ofEvents(connection, "text", webhooks, EventRow::unmapped));
        insert.setArray(next++, ofSent(connection, webhooks, Money::sent));
        insert.setArray(next++, ofSent(connection, webhooks, sent -> sent.unit().code()));
        return next;
    }

    private static @Nullable Array ofSent(Connection connection, List<Webhook> webhooks, Function<Money, String> value)
            throws SQLException {
        return ofEvents(connection, "text", webhooks, event -> event.sent() == null ? null : value.apply(event.sent()));
    }

    static @Nullable Array ofEvents(
            Connection connection, String type, List<Webhook> webhooks, Function<EventRow, @Nullable Object> value)
            throws SQLException {
        return Columns.of(
                connection, type, webhooks, webhook -> webhook.event() == null ? null : value.apply(webhook.event()));
    }
}
