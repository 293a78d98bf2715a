package dev.tallyhook;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.awaitility.Awaitility;

/** A database that is in trouble while something is asked of the service, and well again afterwards. */
final class DatabaseTrouble {

    private final DataSource dataSource;

    DatabaseTrouble(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** Nobody else gets at the table: statements give up when their time is over. */
    <T> T whileLocked(String table, Supplier<T> action) {
        return between("BEGIN; LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE", "ROLLBACK", action);
    }

    /** Whatever is read of the table is a division by zero, which is no matter of the database: that is a failure of the service. */
    <T> T whileNonsense(String table, Supplier<T> action) {
        return between(
                "ALTER TABLE %1$s RENAME TO real_%1$s; CREATE VIEW %1$s AS SELECT * FROM real_%1$s WHERE 1 / 0 = 1"
                        .formatted(table),
                "DROP VIEW %1$s; ALTER TABLE real_%1$s RENAME TO %1$s".formatted(table),
                action);
    }

    /** Rows of senders are refused for their data, which our own rules should have done. */
    <T> T whileRefused(Supplier<T> action) {
        return between("""
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused' USING ERRCODE = '22000'; END $$;
                CREATE TRIGGER refused BEFORE INSERT ON transactions FOR EACH ROW WHEN (new.source_account ~ '^(acc|cus)')
                    EXECUTE FUNCTION refuse()""", "DROP TRIGGER refused ON transactions; DROP FUNCTION refuse", action);
    }

    /** Every insert takes longer than a sender is let wait; one that waits behind another one's is waited for at the end. */
    <T> T whileSlow(Supplier<T> action) {
        return between(
                """
                CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.6); RETURN NULL; END';
                CREATE TRIGGER slow BEFORE INSERT ON transactions FOR EACH STATEMENT EXECUTE FUNCTION sleep()""",
                "SET lock_timeout = '10s'; DROP TRIGGER slow ON transactions; DROP FUNCTION sleep; RESET lock_timeout",
                action);
    }

    /** The server takes no writes, like a standby. */
    <T> T whileReadOnly(Supplier<T> action) {
        try {
            run("ALTER SYSTEM SET default_transaction_read_only = on");
            run("SELECT pg_reload_conf()");
            return action.get();
        } finally {
            run("ALTER SYSTEM RESET default_transaction_read_only");
            run("SELECT pg_reload_conf()");
            // Each session hears of it in its own time.
            Awaitility.await().until(this::takesWrites);
        }
    }

    private boolean takesWrites() {
        try {
            run("DELETE FROM transactions WHERE false");
            return true;
        } catch (IllegalStateException readOnly) {
            return false;
        }
    }

    void run(String sql) {
        between(sql, "", () -> null);
    }

    private <T> T between(String before, String after, Supplier<T> action) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(before);
            try {
                return action.get();
            } finally {
                statement.execute(after);
            }
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }
}
