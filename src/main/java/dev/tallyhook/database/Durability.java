package dev.tallyhook.database;

/** What makes a statement's commit wait for the disk, whatever its session says. */
public final class Durability {

    /**
     * A condition that is true, and whose evaluation makes the commit of its transaction durable: asked for by the statement itself, it
     * holds in whichever session a pooler gives it. It is a subquery that depends on no row, so it is evaluated once. {@code on} is
     * stronger than {@code remote_write}, {@code local} and {@code off}; {@code remote_apply} is stronger still, and stays.
     *
     * @see <a href="https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT">synchronous_commit</a>
     */
    public static final String DURABLY = "(SELECT " + setSynchronousCommit(true) + ") IS NOT NULL";

    private Durability() {}

    /** The call that asks for it, for the transaction or for the rest of the session. */
    static String setSynchronousCommit(boolean forTheTransaction) {
        return "set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
                + " WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, " + forTheTransaction + ")";
    }
}
