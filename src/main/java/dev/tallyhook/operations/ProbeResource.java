package dev.tallyhook.operations;

import dev.tallyhook.intake.Intake;
import dev.tallyhook.intake.WarmUp;
import dev.tallyhook.processing.DuePoller;
import dev.tallyhook.schedule.Ticks;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.smallrye.common.annotation.NonBlocking;
import jakarta.enterprise.event.Observes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CompletionStage;
import org.jboss.resteasy.reactive.RestResponse;

/** Tells a probe whether webhooks can be stored and are being finished. */
@Path("/")
class ProbeResource {

    private final Intake intake;
    private final DuePoller poller;
    private final Ticks ticks;
    private final WarmUp warmUp;
    private final Clock clock = Clock.systemUTC();
    private volatile boolean stopping;

    ProbeResource(Intake intake, DuePoller poller, Ticks ticks, WarmUp warmUp) {
        this.intake = intake;
        this.poller = poller;
        this.ticks = ticks;
        this.warmUp = warmUp;
    }

    /** The answer to a probe; the time is the replica's own clock and tells of nothing else. */
    record Health(String status, Instant currentTime) {}

    /** Who asks learns that this replica stops, while it still takes what comes. */
    void stop(@Observes ShutdownDelayInitiatedEvent event) {
        stopping = true;
    }

    @GET
    @NonBlocking
    public CompletionStage<RestResponse<Health>> health() {
        return intake.takesWebhooks().thenApply(takes -> answer(takes && isInService() && finishes()));
    }

    private boolean isInService() {
        return warmUp.isOver() && !stopping && !intake.stalled();
    }

    private boolean finishes() {
        return !poller.stalled() && !ticks.areStalled();
    }

    private RestResponse<Health> answer(boolean healthy) {
        var health =
                new Health(healthy ? "HEALTHY" : "UNHEALTHY", clock.instant().truncatedTo(ChronoUnit.SECONDS));
        return RestResponse.ResponseBuilder.<Health>create(
                        healthy ? RestResponse.Status.OK : RestResponse.Status.SERVICE_UNAVAILABLE)
                .entity(health)
                .type(MediaType.APPLICATION_JSON)
                .build();
    }
}
