package dev.tallyhook.intake;

import dev.tallyhook.problem.DatabaseFailure;
import io.quarkus.logging.Log;
import java.sql.SQLException;

/** Whether the database takes webhooks; the log tells once when it does not, and once when it does again. To be told by the writer's thread alone. */
final class Availability {

    /** In the log; empty of a ledger that is not distributed. */
    private final String where;

    private final LatestNews news;
    private volatile boolean away;

    Availability(String where, LatestNews news) {
        this.where = where;
        this.news = news;
    }

    boolean isAway() {
        return away;
    }

    /** Something was written, or would have been. */
    void answered() {
        if (away) {
            away = false;
            Log.infof("The database%s takes webhooks again", where);
        }
        news.tell(true);
    }

    /** Nothing can be written, whoever sends it. */
    void failed(SQLException failure) {
        if (!away) {
            away = true;
            Log.warnf(
                    "The database%s takes no webhooks; they are answered 503 until it does: %s",
                    where, DatabaseFailure.reason(failure));
        }
        news.tell(false);
    }
}
