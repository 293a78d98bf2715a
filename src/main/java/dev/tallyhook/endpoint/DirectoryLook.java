package dev.tallyhook.endpoint;

import dev.tallyhook.transaction.Sql;
import dev.tallyhook.transaction.Timestamps;
import io.quarkus.logging.Log;
import java.net.URI;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Reads the table of endpoints, and opens secrets that it has not opened before. For one thread at a time. */
final class DirectoryLook {

    /** More than the API makes and anybody configures. */
    private static final int COUNT_MAX = 5000;

    /** By the primary key, so that an empty table, on which others may have left much behind, is one page. */
    static final String LOOK = """
            SELECT endpoint_id, url, state, events, signature, sealed_secrets, failures,
                   coalesce(extract(epoch FROM retry_at - now()) * 1000, 0)::bigint,
                   now()
            FROM endpoints
            ORDER BY endpoint_id
            LIMIT ?
            """;

    private final DataSource dataSource;
    private final ConfiguredEndpoints configured;
    private final Secrets secrets;

    /** What was opened, by ids, as long as it is sealed as it was. */
    private Map<String, Opened> opened = new HashMap<>();

    private Map<String, Opened> openedNow = new HashMap<>();

    /** Those that were told of, because what stands in the table is no endpoint of this version. */
    private final Set<String> unreadable = new HashSet<>();

    @SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
    private record Opened(byte[] sealed, KeyRing keys) {}

    DirectoryLook(DataSource dataSource, ConfiguredEndpoints configured, Secrets secrets) {
        this.dataSource = dataSource;
        this.configured = configured;
        this.secrets = secrets;
    }

    Collection<Endpoint> endpoints() throws SQLException {
        openedNow = new HashMap<>();
        List<Endpoint> found = new Sql()
                .add(LOOK, COUNT_MAX).query(dataSource, this::endpoint).stream()
                        .flatMap(Optional::stream)
                        .toList();
        opened = openedNow;
        return found;
    }

    private Optional<Endpoint> endpoint(ResultSet row) throws SQLException {
        String id = row.getString(1);
        try {
            return Optional.of(new Endpoint(
                    id,
                    URI.create(row.getString(2)),
                    EndpointState.valueOf(row.getString(3)),
                    events(Objects.requireNonNull(EndpointRow.texts(row, 4))),
                    keys(id, row),
                    row.getLong(8),
                    row.getInt(7)));
        } catch (IllegalArgumentException | java.util.NoSuchElementException unknown) {
            if (unreadable.add(id)) {
                Log.errorf("Endpoint %s is not told: what stands in its row is not of this version", id);
            }
            return Optional.empty();
        }
    }

    /** One that this version does not know is of a newer one, which tells it. */
    private static Set<EventKind> events(List<String> types) {
        Set<EventKind> events = EnumSet.noneOf(EventKind.class);
        types.forEach(type -> EventKind.ofType(type).ifPresent(events::add));
        return Set.copyOf(events);
    }

    private @Nullable SigningKeys keys(String id, ResultSet row) throws SQLException {
        byte[] sealed = row.getBytes(6);
        Instant now = Timestamps.of(row, 9);
        return (sealed == null
                        ? configured.keys(id)
                        : keys(id, SignatureVersion.of(row.getString(5)).orElseThrow(), sealed))
                .map(ring -> ring.validAt(now).keys())
                .orElse(null);
    }

    private Optional<KeyRing> keys(String id, SignatureVersion version, byte[] sealed) {
        Opened before = opened.get(id);
        if (before != null && Arrays.equals(before.sealed, sealed)) {
            openedNow.put(id, before);
            return Optional.of(before.keys);
        }
        Optional<KeyRing> keys = secrets.open(id, version, sealed);
        keys.ifPresent(ring -> openedNow.put(id, new Opened(sealed, ring)));
        return keys;
    }
}
