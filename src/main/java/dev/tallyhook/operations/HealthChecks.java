package dev.tallyhook.operations;

import dev.tallyhook.intake.Intake;
import dev.tallyhook.intake.WarmUp;
import dev.tallyhook.processing.DuePoller;
import dev.tallyhook.schedule.Ticks;
import io.smallrye.health.api.AsyncHealthCheck;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;

/**
 * What Kubernetes asks: whether to send traffic here, and whether a restart would help. A database that is away is no reason
 * for a restart, so it is none of the liveness.
 */
@ApplicationScoped
class HealthChecks {

    private final Intake intake;
    private final DuePoller poller;
    private final Ticks ticks;
    private final WarmUp warmUp;

    HealthChecks(Intake intake, DuePoller poller, Ticks ticks, WarmUp warmUp) {
        this.intake = intake;
        this.poller = poller;
        this.ticks = ticks;
        this.warmUp = warmUp;
    }

    @Produces
    @Liveness
    HealthCheck intakeWorks() {
        return () -> response("intake", !intake.stalled());
    }

    /** What hangs although every statement and socket has a timeout is ended by a restart alone. */
    @Produces
    @Liveness
    HealthCheck scheduleDoesNotHang() {
        return () -> response("schedule", !ticks.hang());
    }

    @Produces
    @Readiness
    HealthCheck scheduleWorks() {
        return () -> response("schedule", !ticks.areStalled());
    }

    @Produces
    @Readiness
    HealthCheck pollerWorks() {
        return () -> response("poller", !poller.stalled());
    }

    @Produces
    @Readiness
    HealthCheck isWarm() {
        return () -> response("warm-up", warmUp.isOver());
    }

    @Produces
    @Readiness
    AsyncHealthCheck databaseTakesWrites() {
        return () -> Uni.createFrom().completionStage(intake::takesWebhooks).map(takes -> response("database", takes));
    }

    private static HealthCheckResponse response(String name, boolean up) {
        return HealthCheckResponse.named(name).status(up).build();
    }
}
