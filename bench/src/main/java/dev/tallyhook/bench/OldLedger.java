package dev.tallyhook.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * Transactions of two years that are long finished, in the order in which they came, posted and settled as the service would have left
 * them. Their ids are random, so the primary key is built as it is in use. A few accounts are busy, hundreds of thousands are rare, and a
 * tenth are events of a named source.
 *
 * <p>Lists have as much to show at each size, so that they can be compared: of each there are some accounts with a few rows, spread over
 * all of it, and what is held is among the first rows.
 *
 * <p>What the service takes while it is measured comes after all of them, so what is loaded later goes between: there an empty stretch is
 * kept free.
 */
final class OldLedger {

    static final String SOURCE = "shop";
    static final String TYPE = "payment.refunded";

    /** Of a stretch, as the service merges them. */
    private static final int CHUNK = 500_000;

    private static final int DAYS = 730;
    private static final int DAYS_AGO = 2;

    /** Of accounts; the fourth power of chance makes the first ones busy: one of 27 transactions is of the first of all. */
    private static final int ACCOUNTS = 500_000;

    /** Of the accounts that are asked for once at one size. */
    private static final int RARE = 150;

    private static final int ROWS_OF_A_RARE_ONE = 16;

    private static final int HELD_BEFORE = 50_000;
    private static final int HELD_EVERY = 500;

    static final String SENDER = "'acc_user_' || floor(" + ACCOUNTS + " * power(random(), 4))::integer";
    static final String RECEIVER = "'acc_merchant_' || floor(5000 * power(random(), 4))::integer";

    static final int LEAST = HELD_BEFORE;

    private static final int EVENTS_EVERY = 10;
    private static final int EVENTS_OF_A_SUBJECT = 3;

    private static final String INSERT =
            """
            INSERT INTO transactions (
                transaction_id, source_account, destination_account, amount, currency, status, created_at, due_at, processed_at,
                source, type, subject, occurred_at, unmapped, amount_sent, amount_unit)
            SELECT 'txn_' || md5(i::text), %s, %s, round((1 + random() * 100000)::numeric, 2), 'INR',
                   CASE WHEN is_held THEN 'HELD' ELSE 'PROCESSED' END,
                   at, at + interval '30 s', CASE WHEN NOT is_held THEN at + interval '30 s' + random() * interval '20 ms' END,
                   CASE WHEN is_event THEN '%s' END,
                   CASE WHEN is_event THEN
                       (ARRAY ['payment.succeeded', 'payment.created', 'payment.failed', '%s']) [1 + floor(4 * power(random(), 3))] END,
                   CASE WHEN is_event THEN 'pay_' || i / %d END,
                   CASE WHEN is_event THEN at - interval '2 s' END,
                   CASE WHEN is_event AND i %% 2000 = 0 THEN 'amount' END,
                   CASE WHEN is_event THEN '150050' END, CASE WHEN is_event THEN 'i'::"char" END
            FROM (
                SELECT i, timestamptz '%s' + i * %d * interval '1 microsecond' AS at, i %% %d = 0 AS is_event,
                       i < %d AND i %% %d = 7 AS is_held
                FROM generate_series(%d::bigint, %d) AS i) AS one
            """;

    /** The trigger on holds makes strays of what is held. */
    private static final String HOLD =
            """
            INSERT INTO holds (transaction_id, action, at, by)
            SELECT transaction_id, 'HOLD', created_at, 'bench'
            FROM transactions
            WHERE created_at >= '%1$s' AND created_at < '%2$s' AND status = 'HELD'
            """;

    private static final String CONTRADICT =
            """
            INSERT INTO conflicts (
                transaction_id, source_account, destination_account, amount, currency, received_at, last_received_at, content)
            SELECT transaction_id, source_account, destination_account, amount + 1, currency, due_at, due_at,
                   sha256(convert_to(transaction_id, 'UTF8'))
            FROM transactions
            WHERE created_at >= '%1$s' AND created_at < '%2$s' AND hashtext(transaction_id) %% 5000 = 0
            """;

    private final int[] sizes;
    private final int most;
    private final Instant first;
    private final long stepMicros;
    private int loaded;

    /**
     * One that is loaded as far as one of these sizes after the other.
     *
     * @param sizes at least {@link #LEAST} each, the smallest first
     */
    OldLedger(int... sizes) {
        if (sizes[0] < LEAST) {
            throw new IllegalArgumentException("There are " + LEAST + " old rows at least, and not " + sizes[0]);
        }
        this.sizes = sizes;
        this.most = sizes[sizes.length - 1];
        this.first = Instant.now().truncatedTo(ChronoUnit.DAYS).minus(Duration.ofDays(DAYS + DAYS_AGO));
        this.stepMicros = ChronoUnit.MICROS.between(first, first.plus(Duration.ofDays(DAYS))) / Math.max(1, most);
    }

    int loaded() {
        return loaded;
    }

    /** After the migrations: keeps free where the old ones go, of what the service would make one with the stretches that follow. */
    static void reserve(Database database) throws SQLException {
        database.execute("UPDATE stretches SET merged = true WHERE since = '-infinity'");
    }

    /** Loads as many as it has then, while no service runs; rows per second. */
    double load(Database database, int until) throws SQLException {
        long start = System.nanoTime();
        int before = loaded;
        try (var connection = database.connect()) {
            run(connection, "SET jit = off; SET work_mem = '256MB'; ALTER TABLE transactions DISABLE TRIGGER post_late");
            String begins = loaded == 0 ? "-infinity" : time(loaded).toString();
            String end = text(connection, "DELETE FROM stretches WHERE since = '" + begins + "' RETURNING until");
            while (loaded < until) {
                int next = Math.min(until, loaded + CHUNK);
                String ends = time(next).toString();
                run(
                        connection,
                        INSERT.formatted(
                                sender(),
                                RECEIVER,
                                SOURCE,
                                TYPE,
                                EVENTS_EVERY * EVENTS_OF_A_SUBJECT,
                                first,
                                stepMicros,
                                EVENTS_EVERY,
                                HELD_BEFORE,
                                HELD_EVERY,
                                loaded,
                                next - 1));
                run(connection, HOLD.formatted(begins, ends));
                run(connection, CONTRADICT.formatted(begins, ends));
                post(connection, begins, ends);
                loaded = next;
                begins = ends;
                Report.progress("  " + loaded + " rows, " + Math.round((loaded - before) / seconds(start)) + "/s");
            }
            post(connection, begins, end);
            run(connection, "ALTER TABLE transactions ENABLE ALWAYS TRIGGER post_late");
        }
        return (loaded - before) / seconds(start);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private static void post(Connection connection, String begins, String ends) throws SQLException {
        run(connection, "SELECT post_stretch('" + begins + "', '" + ends + "')");
        run(connection, "UPDATE stretches SET merged = true WHERE until = '" + ends + "'");
        while (!text(connection, "SELECT settle_stretch()").equals("0")) {
            // The next one.
        }
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String text(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private String sender() {
        var sender = new StringBuilder("CASE");
        for (int i = 0; i < sizes.length; i++) {
            int step = sizes[i] / (RARE * ROWS_OF_A_RARE_ONE);
            sender.append(" WHEN i < %1$d AND i %% %2$d = %3$d THEN 'acc_rare_%1$d_' || i / %2$d %% %4$d"
                    .formatted(sizes[i], step, i + 1, RARE));
        }
        return sender.append(" ELSE " + SENDER + " END").toString();
    }

    /** When the transaction of that number came. */
    private Instant time(long number) {
        return first.plus(number * stepMicros, ChronoUnit.MICROS);
    }

    /** In the middle of what is loaded, and some hours later each. */
    Instant middle(int plusHours) {
        return time(loaded / 2).plus(Duration.ofHours(plusHours));
    }

    static String busySender(int number) {
        return "acc_user_" + Math.floorMod(number, 10);
    }

    /** Another each time, as far as there are {@value #RARE}. */
    String rareSender(int number) {
        return "acc_rare_" + loaded + "_" + Math.floorMod(number, RARE);
    }

    static String busyReceiver(int number) {
        return "acc_merchant_" + Math.floorMod(number, 10);
    }

    String subject(int number) {
        return "pay_" + scattered(number, loaded / (EVENTS_EVERY * EVENTS_OF_A_SUBJECT));
    }

    private static int scattered(int number, int below) {
        return (int) Math.floorMod(Payload.scramble(number), (long) below);
    }

    /** Of any age. */
    List<String> ids(Database database, int count) throws SQLException {
        List<String> ids = new ArrayList<>();
        String some = "SELECT 'txn_' || md5(floor(random() * " + loaded + ")::bigint::text) FROM generate_series(1, " + count + ")";
        try (var connection = database.connect();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(some)) {
            while (rows.next()) {
                ids.add(rows.getString(1));
            }
        }
        return ids;
    }
}
