package dev.tallyhook.transaction;

import dev.tallyhook.problem.ProblemException;
import java.sql.Connection;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Whether what a session has not found is not there. A primary that was demoted and stays up answers its sessions until they have heard of
 * the new one, and what has come in there since it does not know.
 */
public final class Absence {

    /** Asked after the session has not found it, or by the same statement: then it is said of the server that has not found it. */
    private static final String IS_SURE = """
            SELECT current_setting('transaction_read_only') = 'off'
                   AND NOT EXISTS (SELECT FROM transactions WHERE transaction_id = ?::text)
            """;

    private Absence() {}

    /**
     * What to answer of something that was not found.
     *
     * @param id of the transaction, if another session may have looked for it; null if this one has
     * @param detail of the 404
     * @return 404; or 503, if a server that takes no writes cannot know, or if it has come this moment
     */
    public static ProblemException of(Connection session, @Nullable String id, String detail) throws SQLException {
        boolean isSure = new Sql()
                .add(IS_SURE, id)
                .query(session, row -> row.getBoolean(1))
                .get(0);
        return isSure
                ? ProblemException.notFound(detail)
                : ProblemException.unavailable("The database cannot say right now whether that is stored; try again");
    }
}
