package dev.tallyhook.delivery;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.tallyhook.transaction.Sql;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import javax.sql.DataSource;

/** How many messages a replay would queue, at a cost that has a limit: what is more than that is estimated. */
@ApplicationScoped
class ReplayCount {

    /** Rows that are looked at. */
    static final int LOOKED_AT_MAX = 100_000;

    private static final String WANTED =
            "SELECT count(*) FILTER (WHERE wanted), count(*) FROM (SELECT (" + WantedBy.SQL + """
            ) AS wanted
            FROM endpoints AS e CROSS JOIN transactions AS t
            WHERE e.endpoint_id = ?
              AND t.processed_at >= ?
              AND t.processed_at < ?
            LIMIT ?) AS few
            """;

    /** The planner knows about how many were finished in a stretch of time, without looking at them. */
    private static final String ALL =
            "EXPLAIN (FORMAT JSON) SELECT FROM transactions WHERE processed_at >= '%s' AND processed_at < '%s'";

    private final DataSource dataSource;
    private final DeadLetters deadLetters;
    private final QueueCounts counts;
    private final ObjectMapper json;

    ReplayCount(DataSource dataSource, DeadLetters deadLetters, QueueCounts counts, ObjectMapper json) {
        this.dataSource = dataSource;
        this.deadLetters = deadLetters;
        this.counts = counts;
        this.json = json;
    }

    /** What was counted; if not {@code exact}, it is estimated. */
    @RegisterForReflection // The answer of a resource is declared as one of two, so a native build would not know both.
    record Count(long count, boolean exact) implements ReplayAnswer {

        static final Count ONE = new Count(1, true);
    }

    /** Of what was given up. */
    Count failed(String endpointId) throws SQLException {
        long counted = deadLetters.count(endpointId, LOOKED_AT_MAX + 1);
        return counted <= LOOKED_AT_MAX
                ? new Count(counted, true)
                : new Count(Math.max(counted, counts.deadLetters(endpointId)), false);
    }

    private record Sample(long wanted, long all) {}

    /** Of what was finished in a stretch of time, and the endpoint wants. */
    Count since(String endpointId, Instant since, Instant until) throws SQLException, JsonProcessingException {
        try (Connection connection = dataSource.getConnection()) {
            Sample sample = new Sql()
                    .add(WANTED, endpointId, since, until, LOOKED_AT_MAX + 1)
                    .query(connection, row -> new Sample(row.getLong(1), row.getLong(2)))
                    .get(0);
            if (sample.all <= LOOKED_AT_MAX) {
                return new Count(sample.wanted, true);
            }
            long all = Math.max(sample.all, estimate(connection, since, until));
            return new Count(Math.round((double) all * sample.wanted / sample.all), false);
        }
    }

    private long estimate(Connection connection, Instant since, Instant until)
            throws SQLException, JsonProcessingException {
        String plan = new Sql()
                .add(ALL.formatted(since, until))
                .query(connection, row -> row.getString(1))
                .get(0);
        return json.readTree(plan).path(0).path("Plan").path("Plan Rows").asLong();
    }
}
