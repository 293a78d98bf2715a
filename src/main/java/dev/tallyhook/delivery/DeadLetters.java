package dev.tallyhook.delivery;

import dev.tallyhook.citus.Distribution;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.transaction.Cursor;
import dev.tallyhook.transaction.PageRequest;
import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What was given up, which is kept until it is sent again, alone or with all that was, or its endpoint is deleted. */
@ApplicationScoped
class DeadLetters {

    private static final String OF_ENDPOINT = "SELECT " + Subject.COLUMNS + """
            , dead_letter_id, attempts, first_failed_at, last_failed_at, outcome, status, answer
            FROM dead_letters AS told
            WHERE endpoint_id = ?
            """;

    private static final String COUNT = """
            SELECT count(*)
            FROM (
                SELECT
                FROM dead_letters
                WHERE endpoint_id = ?
                LIMIT ?) AS few
            """;

    private final DataSource dataSource;
    private final Distribution distribution;

    DeadLetters(DataSource dataSource, Distribution distribution) {
        this.dataSource = dataSource;
        this.distribution = distribution;
    }

    private String ofEndpoint() {
        return distribution.map().isPresent() ? Subject.onShards(OF_ENDPOINT) : OF_ENDPOINT;
    }

    /**
     * One of them.
     *
     * @param attempts that failed
     * @param outcome of the last of them
     * @param status of HTTP; null if there was no answer
     * @param answer null for who may not see it
     */
    record View(
            long deadLetterId,
            String webhookId,
            String event,
            @Nullable String transactionId,
            int attempts,
            Instant firstFailedAt,
            Instant lastFailedAt,
            String outcome,
            @Nullable Integer status,
            @Nullable String answer) {}

    /** Newest first. */
    record Page(List<View> deadLetters, @Nullable String nextCursor) {}

    /**
     * Reads a page.
     *
     * @throws ProblemException 400 if the cursor does not belong to this endpoint
     */
    Page read(String endpointId, PageRequest page, boolean showsAnswers) throws SQLException {
        String list = "dead letters of " + endpointId;
        var select = new Sql().add(ofEndpoint(), endpointId);
        page.after(list).ifPresent(cursor -> select.add(" AND dead_letter_id < ?", cursor.number()));
        List<View> found = select.add(" ORDER BY dead_letter_id DESC LIMIT ?", page.rowsToLookFor())
                .query(dataSource, row -> view(row, showsAnswers));
        return new Page(
                page.rows(found),
                page.nextCursor(
                        found, list, last -> new Cursor(last.lastFailedAt(), Long.toString(last.deadLetterId()))));
    }

    /** How many there are, or {@code max} if there are more. */
    long count(String endpointId, int max) throws SQLException {
        return new Sql()
                .add(COUNT, endpointId, max)
                .query(dataSource, row -> row.getLong(1))
                .get(0);
    }

    /**
     * Passes if there is this one.
     *
     * @throws ProblemException 404 if not
     */
    void require(String endpointId, long deadLetterId) throws SQLException {
        if (new Sql()
                .add(ofEndpoint() + " AND dead_letter_id = ?", endpointId, deadLetterId)
                .query(dataSource, row -> true)
                .isEmpty()) {
            throw notFound();
        }
    }

    static ProblemException notFound() {
        return ProblemException.notFound("Dead letter not found");
    }

    private static View view(ResultSet row, boolean showsAnswer) throws SQLException {
        Subject subject = Subject.of(row, 1);
        return new View(
                row.getLong(4),
                subject.webhookId(),
                subject.event(),
                subject.transactionId(),
                row.getInt(5),
                Timestamps.of(row, 6),
                Timestamps.of(row, 7),
                row.getString(8),
                row.getObject(9, Integer.class),
                showsAnswer ? row.getString(10) : null);
    }
}
