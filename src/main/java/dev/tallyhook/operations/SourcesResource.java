package dev.tallyhook.operations;

import dev.tallyhook.intake.Outcome;
import dev.tallyhook.source.Source;
import dev.tallyhook.source.Sources;
import dev.tallyhook.transaction.QueryParameters;
import dev.tallyhook.transaction.Reading;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jboss.resteasy.reactive.RestResponse;
import org.jspecify.annotations.Nullable;

/** Lists the named senders, and what all replicas have taken of each within the last 15 minutes. */
@Reading
@Path("/v1/sources")
class SourcesResource {

    /** What a clock that was set back has left behind is still to come by it. */
    private static final String SELECT = """
            SELECT source, outcome, sum(events)::bigint,
                   max(at) FILTER (WHERE outcome IN ('accepted', 'replayed', 'conflicting'))
            FROM source_activity
            WHERE at > clock_timestamp() - interval '15 minutes' AND at <= clock_timestamp()
            GROUP BY source, outcome
            """;

    private static final Duration FRESH_FOR = Duration.ofSeconds(1);

    private final DataSource dataSource;
    private final Sources sources;
    private final Fresh<Map<String, Counts>> counts = new Fresh<>(FRESH_FOR, this::count);

    SourcesResource(DataSource dataSource, Sources sources) {
        this.dataSource = dataSource;
        this.sources = sources;
    }

    /** @param sources in the order of their names */
    record View(List<OfSource> sources) {}

    /**
     * A named sender, and what became of its events; a request that was refused counts as one.
     *
     * @param scheme whose rules it follows
     * @param path that it posts to
     * @param unmapped of the accepted ones, how many could not be mapped in full
     * @param lastEventAt about when the last one came that was not refused, of which strangers cannot be the cause; null if none did
     */
    record OfSource(
            String source,
            String scheme,
            String path,
            long accepted,
            long replayed,
            long conflicting,
            long invalid,
            long unauthenticated,
            long shed,
            long failed,
            long unmapped,
            @Nullable Instant lastEventAt) {}

    /** What was counted of one source. */
    private static final class Counts {

        private final Map<String, Long> byOutcome = new HashMap<>();
        private @Nullable Instant last;

        void add(String outcome, long events, @Nullable OffsetDateTime at) {
            byOutcome.put(outcome, events);
            if (at != null && (last == null || at.toInstant().isAfter(last))) {
                last = at.toInstant();
            }
        }

        private long of(Outcome outcome) {
            return byOutcome.getOrDefault(outcome.label(), 0L);
        }

        OfSource of(Source source) {
            return new OfSource(
                    source.name(),
                    source.schemeName(),
                    "/v1/webhooks/" + source.name(),
                    of(Outcome.ACCEPTED),
                    of(Outcome.REPLAYED),
                    of(Outcome.CONFLICTING),
                    of(Outcome.INVALID),
                    of(Outcome.UNAUTHENTICATED),
                    of(Outcome.SHED),
                    of(Outcome.FAILED),
                    byOutcome.getOrDefault(SourceActivity.UNMAPPED, 0L),
                    last);
        }
    }

    @GET
    public RestResponse<View> list(HttpServerRequest request) throws SQLException, InterruptedException {
        new QueryParameters(request).requireValid();
        Map<String, Counts> known = counts.get();
        List<OfSource> all = sources.all().stream()
                .map(source -> known.getOrDefault(source.name(), new Counts()).of(source))
                .toList();
        return RestResponse.ResponseBuilder.ok(new View(all), MediaType.APPLICATION_JSON)
                .build();
    }

    private Map<String, Counts> count() throws SQLException {
        Map<String, Counts> bySource = new HashMap<>();
        try (Connection connection = dataSource.getConnection();
                PreparedStatement select = connection.prepareStatement(SELECT);
                ResultSet rows = select.executeQuery()) {
            while (rows.next()) {
                bySource.computeIfAbsent(rows.getString(1), source -> new Counts())
                        .add(rows.getString(2), rows.getLong(3), rows.getObject(4, OffsetDateTime.class));
            }
        }
        return bySource;
    }
}
