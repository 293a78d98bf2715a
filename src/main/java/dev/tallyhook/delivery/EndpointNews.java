package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.TellingConfig;
import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Tells the other replicas how endpoints do, and switches off those that fail for days or want nothing any more. */
@ApplicationScoped
class EndpointNews {

    /** One that is hardly ever told anything is not switched off for a failure or two. */
    private static final int FAILURES_MIN = 10;

    static final String WRITE = """
            UPDATE endpoints AS e
            SET delivered_at = CASE WHEN delivered THEN clock_timestamp() ELSE delivered_at END,
                failing_since = CASE
                    WHEN failed = 0 AND delivered THEN NULL
                    WHEN failed = 0 THEN failing_since
                    WHEN delivered THEN clock_timestamp()
                    ELSE coalesce(failing_since, clock_timestamp()) END,
                failures = CASE WHEN delivered THEN failed ELSE failures + failed END,
                retry_at = CASE
                    WHEN rest IS NULL THEN retry_at
                    WHEN rest > 0 THEN greatest(retry_at, clock_timestamp() + rest * interval '1 millisecond') END,
                state = CASE WHEN reason IS NULL THEN state ELSE 'DISABLED' END,
                disabled_because = coalesce(reason, disabled_because),
                disabled_at = CASE WHEN reason IS NULL THEN disabled_at ELSE clock_timestamp() END
            FROM (
                SELECT news.*, CASE
                    WHEN gone THEN 'GONE'
                    WHEN NOT delivered AND failed > 0 AND failures + failed >= ?
                        AND failing_since < clock_timestamp() - ? * interval '1 second' THEN 'FAILED' END AS reason
                FROM unnest(?::text[], ?::boolean[], ?::int[], ?::boolean[], ?::bigint[])
                        AS news (id, delivered, failed, gone, rest)
                    JOIN endpoints ON endpoint_id = id AND state <> 'DISABLED') AS news
            WHERE e.endpoint_id = news.id
              AND set_config('synchronous_commit', 'off', true) IS NOT NULL
            RETURNING e.endpoint_id, reason, e.failing_since, e.failures
            """;

    private final long disableAfterSeconds;
    private final DeliveryMetrics metrics;

    EndpointNews(TellingConfig config, DeliveryMetrics metrics) {
        this.disableAfterSeconds = config.disableAfter().toSeconds();
        this.metrics = metrics;
    }

    /** Writes what is new, by the ids of endpoints. */
    void write(Connection connection, Map<String, Health.News> news) throws SQLException {
        // In one order, or two replicas could wait for each other's rows.
        String[] ids = news.keySet().stream().sorted().toArray(String[]::new);
        Boolean[] delivered = new Boolean[ids.length];
        Integer[] failed = new Integer[ids.length];
        Boolean[] gone = new Boolean[ids.length];
        @Nullable Long[] rest = new Long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            Health.News one = Objects.requireNonNull(news.get(ids[i]));
            delivered[i] = one.delivered();
            failed[i] = one.failed();
            gone[i] = one.gone();
            Duration left = one.rest();
            rest[i] = left == null ? null : left.toMillis();
        }
        try (PreparedStatement write = connection.prepareStatement(WRITE)) {
            write.setInt(1, FAILURES_MIN);
            write.setLong(2, disableAfterSeconds);
            write.setArray(3, connection.createArrayOf("text", ids));
            write.setArray(4, connection.createArrayOf("boolean", delivered));
            write.setArray(5, connection.createArrayOf("int", failed));
            write.setArray(6, connection.createArrayOf("boolean", gone));
            write.setArray(7, connection.createArrayOf("bigint", rest));
            try (ResultSet rows = write.executeQuery()) {
                while (rows.next()) {
                    if (rows.getString(2) != null) {
                        tell(rows);
                    }
                }
            }
        }
    }

    private void tell(ResultSet row) throws SQLException {
        metrics.disabled();
        if ("GONE".equals(row.getString(2))) {
            Log.warnf(
                    "Endpoint %s is switched off: it answered 410, which says that it wants nothing any more",
                    row.getString(1));
        } else {
            Log.errorf(
                    "Endpoint %s is switched off: nothing has reached it since %s, in %d attempts. What waits for it stays;"
                            + " once it is enabled, what was finished meanwhile can be replayed",
                    row.getString(1), row.getString(3), row.getInt(4));
        }
    }
}
