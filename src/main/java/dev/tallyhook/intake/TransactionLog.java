package dev.tallyhook.intake;

import dev.tallyhook.transaction.TransactionLine;
import io.quarkus.logging.Log;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;

/**
 * Writes the lines that tell of a single transaction: its id as text and as a field, never an account or an amount. To be used
 * by the writer's thread alone.
 */
final class TransactionLog {

    /** A sender that contradicts itself all the time must not fill a log; all of that is in the table of conflicts. */
    private static final int LINES_MAX = 10;

    private static final Duration PERIOD = Duration.ofSeconds(1);

    /** The class of SQLSTATEs whose message names a constraint, and no value. */
    private static final String CONSTRAINT_VIOLATION = "23";

    private long periodSince = System.nanoTime();
    private int linesOfPeriod;

    /** Tells of what a person should look at; at DEBUG of every transaction. */
    void settled(List<Webhook> webhooks, List<Receipt> receipts) {
        for (int i = 0; i < webhooks.size(); i++) {
            String id = webhooks.get(i).transactionId();
            if (receipts.get(i) == Receipt.CONFLICTING) {
                conflicting(id);
            } else if (Log.isDebugEnabled()) {
                // A sender that repeats itself for days is told of once; its row says how often.
                String what = receipts.get(i) == Receipt.CONFLICTING_AGAIN ? "is contradicted again" : "is stored";
                TransactionLine.tell(id, printable -> Log.debugf("Transaction %s %s", printable, what));
            }
        }
    }

    private void conflicting(String id) {
        limited(() -> TransactionLine.tell(
                id,
                printable -> Log.warnf(
                        "A webhook contradicts transaction %s, which stays; the attempt is on record", printable)));
    }

    private void limited(Runnable line) {
        long now = System.nanoTime();
        if (now - periodSince > PERIOD.toNanos()) {
            if (linesOfPeriod > LINES_MAX) {
                Log.warnf("%d more transactions had a line like the ones before", linesOfPeriod - LINES_MAX);
            }
            periodSince = now;
            linesOfPeriod = 0;
        }
        if (linesOfPeriod++ < LINES_MAX) {
            line.run();
        }
    }

    /** The database refuses this row: another session holds its id, or for a reason that none of our rules foresaw. */
    void unwritable(Pending pending, SQLException failure) {
        String id = pending.webhooks().get(0).transactionId();
        String state = String.valueOf(failure.getSQLState());
        // What else PostgreSQL says may repeat an amount or an account.
        String why = state.startsWith(CONSTRAINT_VIOLATION) ? failure.getMessage() : "SQLSTATE " + state;
        limited(() -> TransactionLine.tell(
                id, printable -> Log.errorf("Transaction %s cannot be stored: %s", printable, why)));
    }
}
