package dev.tallyhook.chaos;

import java.util.List;

/**
 * What must be counted as 0.
 *
 * @param sql with {@code %1$d} for the delay and {@code %2$d} and {@code %3$d} for the bounds of {@link Audit}, in milliseconds, and
 *     {@code %4$s} and {@code %5$s} for what the ids of {@link Call}'s two providers begin with
 */
record Check(String name, String sql) {

    static final List<Check> ALL = List.of(
            new Check("lost: answered with success and not in the ledger", """
                    SELECT count(*) FROM audit.webhooks AS webhook
                    WHERE accepts > 0 AND NOT EXISTS (
                        SELECT FROM transactions WHERE transaction_id = webhook.transaction_id)"""),
            new Check(
                    "part of a call stored: of the events of one request some are in the ledger and some are not", """
                    SELECT count(*) FROM (
                        SELECT DISTINCT call, events FROM audit.attempts WHERE events > 0) AS sent
                    WHERE (
                        SELECT count(*) FROM generate_series(0, events - 1) AS number
                        JOIN transactions ON transaction_id = (call || '-' || number) COLLATE "C") NOT IN (0, events)"""),
            new Check("stored twice: two answers of success for one id that both say it is new", """
                    SELECT count(*) FROM audit.webhooks WHERE first_accepts > 1"""),
            new Check("finished twice", """
                    SELECT count(*) FROM (
                        SELECT FROM audit.finishes GROUP BY transaction_id HAVING count(*) > 1) AS twice"""),
            new Check("unfinished at the end", """
                    SELECT count(*) FROM transactions WHERE status <> 'PROCESSED'"""),
            new Check("not posted: lists by account, source, type or subject do not find it", """
                    SELECT count(*) FROM (
                        SELECT key, created_at, hashtext(transaction_id)
                        FROM transactions, unnest(posting_keys(source_account, destination_account, source, type, subject)) AS key
                        WHERE created_at < (SELECT max(until) FROM stretches)
                        EXCEPT
                        SELECT key, at, hash FROM postings, unnest(keys, times, hashes) AS posting (key, at, hash)
                        EXCEPT
                        SELECT key, at, hash FROM late_postings) AS missing"""),
            new Check(
                    "passed over: lists by the provider's clock, or of the built-in source, do not look into its stretch",
                    """
                    SELECT count(*)
                    FROM transactions
                    JOIN LATERAL (
                        SELECT first_occurred, last_occurred, has_built_in
                        FROM stretches WHERE until > created_at ORDER BY until LIMIT 1) AS stretch ON true
                    WHERE (occurred_at NOT BETWEEN first_occurred AND last_occurred OR source IS NULL AND NOT has_built_in)
                      AND NOT EXISTS (
                        SELECT FROM late_postings
                        WHERE at = created_at AND hash = hashtext(transaction_id)
                          AND key = posting_key(CASE WHEN source IS NULL THEN 7 ELSE 6 END, ''))"""),
            new Check("early", """
                    SELECT count(*) FROM transactions
                    LEFT JOIN audit.finishes USING (transaction_id)
                    LEFT JOIN audit.webhooks USING (transaction_id)
                    LEFT JOIN LATERAL (
                        SELECT count(*) FILTER (
                                   WHERE set_at && tstzrange(audit.at(sent), finished_at - finishes.ahead, '[]')) > 0
                                   AS yes,
                               count(*) FILTER (
                                   WHERE greatest(since, transactions.due_at - clocks.ahead, audit.at(sent))
                                         <= least(until, finished_at - finishes.ahead)) > 0 AS was_due
                        FROM audit.clocks) AS clock_was_set ON true
                    WHERE processed_at < transactions.due_at
                       OR NOT yes AND finished_at < transactions.due_at
                       OR NOT yes AND processed_at - ahead < audit.at(sent) + interval '%1$d milliseconds'
                       OR yes AND NOT was_due"""),
            new Check("late beyond the bound", """
                    SELECT count(*) FROM audit.late
                    WHERE late > CASE WHEN held THEN interval '%3$d milliseconds' ELSE interval '%2$d milliseconds' END"""),
            new Check("wrong content: answered as stored for other content than is stored", """
                    SELECT count(*) FROM audit.deliveries AS delivery JOIN transactions AS stored USING (transaction_id)
                    WHERE taken AND delivery.source IS NULL
                      AND (delivery.amount <> stored.amount
                           OR stored.source_account <> 'from_' || transaction_id
                           OR stored.destination_account <> 'to_' || transaction_id
                           OR stored.currency <> 'INR')
                       OR taken AND delivery.source IS NOT NULL AND replayed AND delivery.amount <> stored.amount"""),
            new Check("wrong content of an event: a row says other things than its provider did", """
                    SELECT count(*) FROM (
                        SELECT *, regexp_replace(transaction_id, '^%4$s|^%5$s', '') AS key
                        FROM transactions JOIN audit.webhooks USING (transaction_id)
                        WHERE source IS NOT NULL) AS stored
                    WHERE ARRAY[source, type, subject, source_account, destination_account, currency, unmapped] IS DISTINCT FROM
                          CASE WHEN transaction_id ^@ '%4$s'
                              THEN ARRAY['stripe', 'payment_intent.succeeded', 'pi_' || key, 'cus_' || key, 'acct_' || key, 'USD', NULL]
                              ELSE ARRAY['gocardless', 'payments.confirmed', 'PM' || key, 'CU' || key, 'CR' || key, NULL, NULL] END
                       OR NOT EXISTS (
                           SELECT FROM audit.deliveries AS delivery
                           WHERE delivery.transaction_id = stored.transaction_id
                             AND delivery.amount IS NOT DISTINCT FROM stored.amount)"""),
            new Check("without its request: of an event the bytes that brought it are not kept", """
                    SELECT count(*) FROM transactions AS stored
                    LEFT JOIN requests ON requests.id = stored.request
                    WHERE stored.source IS NOT NULL AND requests.raw IS NULL"""),
            new Check("wrong conflict: answered 409 for the content that is stored", """
                    SELECT count(*) FROM audit.deliveries AS delivery LEFT JOIN transactions AS stored USING (transaction_id)
                    WHERE outcome = '409' AND (stored.amount IS NULL OR delivery.amount = stored.amount)"""),
            new Check("wrong conflict of an event: on record with the content that is stored", """
                    SELECT count(*) FROM conflicts JOIN transactions AS stored USING (transaction_id)
                    WHERE stored.source IS NOT NULL AND conflicts.amount IS NOT DISTINCT FROM stored.amount"""),
            new Check("conflict not on record", """
                    SELECT count(*) FROM (
                        SELECT transaction_id, delivery.amount
                        FROM audit.deliveries AS delivery LEFT JOIN transactions AS stored USING (transaction_id)
                        WHERE outcome = '409' OR taken AND delivery.source IS NOT NULL AND delivery.amount <> stored.amount
                        EXCEPT ALL
                        SELECT transaction_id, amount FROM conflicts) AS missing"""),
            new Check("in the ledger and never sent", """
                    SELECT count(*) FROM transactions AS stored
                    WHERE NOT EXISTS (SELECT FROM audit.webhooks WHERE transaction_id = stored.transaction_id)"""),
            new Check("read as missing after an answer of success", """
                    SELECT count(*) FROM audit.reads AS reading JOIN audit.webhooks AS webhook USING (transaction_id)
                    WHERE said = '404' AND accepted < reading.sent"""),
            new Check("read as finished before it was due", """
                    SELECT count(*) FROM audit.reads AS reading JOIN audit.webhooks AS webhook USING (transaction_id)
                    WHERE said = 'PROCESSED' AND answered < webhook.sent + %1$d * 1000
                      AND NOT EXISTS (
                          SELECT FROM audit.clocks
                          WHERE set_at && tstzrange(audit.at(webhook.sent), audit.at(answered), '[]'))"""),
            new Check("not answered within 5 s, though no replica was paused", """
                    SELECT count(*) FROM audit.unpaused WHERE outcome = 'timeout'"""),
            new Check("answered with anything but 202, 409, by a source 200, and a 503 that says why", """
                    SELECT count(*) FROM audit.attempts
                    WHERE NOT taken AND NOT (source IS NULL AND outcome = '409')
                      AND outcome NOT IN ('refused', 'broken', 'timeout') AND outcome NOT LIKE '503 %%'"""),
            new Check("read with anything but 200, 404, 503, and 410 of what is gone", """
                    SELECT count(*) FROM audit.reads
                    WHERE said NOT IN ('PROCESSING', 'PROCESSED', '404', '503', 'refused', 'broken', 'timeout')
                      AND NOT (said = '410' AND transaction_id IN (SELECT transaction_id FROM audit.gone))"""),
            new Check("gone too early: before it had been kept for as long as it must be", """
                    SELECT count(*) FROM audit.gone JOIN transactions USING (transaction_id)
                    WHERE gone_at < processed_at + must_stay
                      AND NOT EXISTS (
                          SELECT FROM audit.clocks, audit.finishes AS finish
                          WHERE finish.transaction_id = gone.transaction_id
                            AND gone_at - clocks.ahead BETWEEN clocks.since AND clocks.until
                            AND gone_at - clocks.ahead >= finished_at - finish.ahead + must_stay)"""),
            new Check("gone and in no file of the archive", """
                    SELECT count(*) FROM audit.gone
                    WHERE NOT EXISTS (SELECT FROM audit.archived WHERE archived.transaction_id = gone.transaction_id)"""),
            new Check("in the archive, and neither in the ledger nor remembered", """
                    SELECT count(*) FROM audit.archived WHERE NOT is_known"""),
            new Check("gone and in the archive more than once", """
                    SELECT count(*) FROM (
                        SELECT FROM audit.gone JOIN audit.archived USING (transaction_id)
                        GROUP BY transaction_id HAVING count(*) > 1) AS twice"""),
            new Check("in the archive with other content than the digest of it that is remembered", """
                    SELECT count(*) FROM audit.gone JOIN transactions USING (transaction_id)
                    WHERE content IS DISTINCT FROM
                          content_digest(transaction_id, source_account, destination_account, amount, currency)"""),
            new Check("in a file of the archive that is not what its name says", """
                    SELECT count(*) FROM audit.archived WHERE NOT is_whole"""));
}
