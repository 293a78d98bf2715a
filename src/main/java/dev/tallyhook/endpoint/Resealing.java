package dev.tallyhook.endpoint;

import static io.quarkus.scheduler.Scheduled.ConcurrentExecution.SKIP;

import dev.tallyhook.database.Durability;
import dev.tallyhook.problem.DatabaseFailure;
import dev.tallyhook.schedule.Tick;
import dev.tallyhook.schedule.Ticks;
import dev.tallyhook.transaction.Sql;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Seals what older keys have sealed with the newest one, so that the older ones can be dropped. */
@ApplicationScoped
class Resealing {

    private static final Duration PERIOD = Duration.ofMinutes(1);

    /** A key that is new here is not yet known everywhere: while replicas are replaced, the others must be able to open. */
    private static final Duration KNOWN_AFTER = Duration.ofMinutes(10);

    private static final int AT_ONCE_MAX = 1000;

    private static final String FIND = """
            SELECT endpoint_id, sealed_secrets
            FROM endpoints
            WHERE sealed_secrets IS NOT NULL
              AND substring(sealed_secrets FOR %d) <> ?
            ORDER BY endpoint_id
            LIMIT ?
            """.formatted(SecretBox.KEY_ID_LENGTH);

    private static final String REPLACE = """
            UPDATE endpoints
            SET sealed_secrets = ?
            WHERE endpoint_id = ?
              AND sealed_secrets = ?
              AND %s
            RETURNING endpoint_id
            """.formatted(Durability.DURABLY);

    @SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
    private record Sealed(String endpointId, byte[] secrets) {}

    private final javax.sql.DataSource dataSource;
    private final SecretBox box;
    private final Tick tick;

    private byte @Nullable [] newest;
    private long newestSinceNanos;
    private boolean failing;

    Resealing(@DataSource("delivery") javax.sql.DataSource dataSource, Secrets secrets, Ticks ticks) {
        this.dataSource = dataSource;
        this.box = secrets.box();
        this.tick = ticks.every(PERIOD, "resealing", this::resealInTime);
    }

    @Scheduled(every = "60s", concurrentExecution = SKIP, skipExecutionIf = Scheduled.ApplicationNotRunning.class)
    void tick() {
        tick.come();
    }

    private void resealInTime() {
        Optional<byte[]> now = box.newestKeyId();
        if (!Arrays.equals(now.orElse(null), newest)) {
            newest = now.orElse(null);
            newestSinceNanos = System.nanoTime();
        }
        if (newest == null || System.nanoTime() - newestSinceNanos < KNOWN_AFTER.toNanos()) {
            return;
        }
        try {
            int count = reseal(dataSource, box);
            failing = false;
            if (count > 0) {
                Log.infof("The secrets of %d endpoints are sealed with the newest of %s now", count, SecretBox.SETTING);
            }
        } catch (SQLException failure) {
            if (!failing) {
                failing = true;
                Log.warnf("Secrets of endpoints wait to be sealed anew: %s", DatabaseFailure.reason(failure));
            }
        }
    }

    /** Whatever an older key has sealed and can be opened, and how many that were. */
    static int reseal(javax.sql.DataSource dataSource, SecretBox box) throws SQLException {
        byte[] keyId = box.newestKeyId().orElseThrow();
        int count = 0;
        try (Connection connection = dataSource.getConnection()) {
            List<Sealed> old = new Sql()
                    .add(FIND, keyId, AT_ONCE_MAX)
                    .query(connection, row -> new Sealed(row.getString(1), row.getBytes(2)));
            for (Sealed sealed : old) {
                Optional<byte[]> opened = box.open(sealed.endpointId(), sealed.secrets());
                if (opened.isPresent()) {
                    byte[] anew = box.seal(sealed.endpointId(), opened.get());
                    count += new Sql()
                            .add(REPLACE, anew, sealed.endpointId(), sealed.secrets())
                            .query(connection, row -> row.getString(1))
                            .size();
                }
            }
        }
        return count;
    }
}
