package dev.tallyhook.operations;

import dev.tallyhook.processing.Backlog;
import dev.tallyhook.transaction.QueryParameters;
import dev.tallyhook.transaction.Reading;
import io.vertx.core.http.HttpServerRequest;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jboss.resteasy.reactive.RestResponse;

/** Answers what all replicas have been doing, for the dashboard. */
@Reading
@Path("/v1/activity")
class ActivityResource {

    private final ActivityHistory history;
    private final Backlog backlog;
    private final DatabaseStatistics statistics;

    ActivityResource(ActivityHistory history, Backlog backlog, DatabaseStatistics statistics) {
        this.history = history;
        this.backlog = backlog;
        this.statistics = statistics;
    }

    @GET
    public RestResponse<Activity> activity(HttpServerRequest request) throws SQLException, InterruptedException {
        var parameters = new QueryParameters(request);
        Optional<Instant> since = parameters.time("since");
        parameters.requireValid();
        ActivityHistory.Snapshot known = history.read();
        List<Activity.Second> seconds = known.seconds().stream()
                .filter(second -> since.isEmpty() || second.at().isAfter(since.get()))
                .toList();
        Optional<Backlog.Size> size = backlog.latest();
        var activity = new Activity(
                known.now(),
                known.replicas(),
                size.map(Backlog.Size::waiting).orElse(null),
                size.map(Backlog.Size::overdue).orElse(null),
                size.map(Backlog.Size::oldestOverdueSeconds).orElse(null),
                statistics.conflicts(),
                known.keeping().orElse(null),
                seconds);
        return RestResponse.ResponseBuilder.ok(activity, MediaType.APPLICATION_JSON)
                .build();
    }
}
