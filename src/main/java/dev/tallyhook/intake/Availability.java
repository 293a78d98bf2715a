package dev.tallyhook.intake;

import dev.tallyhook.problem.DatabaseFailure;
import io.quarkus.logging.Log;
import java.sql.SQLException;

/** Whether the database takes webhooks; the log tells once when it does not, and once when it does again. For the writer's thread alone. */
final class Availability {

    private final LatestNews news;
    private boolean away;

    Availability(LatestNews news) {
        this.news = news;
    }

    boolean isAway() {
        return away;
    }

    /** Something was written, or would have been. */
    void answered() {
        if (away) {
            away = false;
            Log.info("The database takes webhooks again");
        }
        news.tell(true);
    }

    /** Nothing can be written, whoever sends it. */
    void failed(SQLException failure) {
        if (!away) {
            away = true;
            Log.warnf(
                    "The database takes no webhooks; they are answered 503 until it does: %s",
                    DatabaseFailure.reason(failure));
        }
        news.tell(false);
    }
}
