package dev.tallyhook.endpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallyhook.problem.ProblemException;
import io.quarkus.logging.Log;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is done with endpoints: each thing with a line in the log that says who has done it, and never a secret. */
@ApplicationScoped
class EndpointChanges {

    /** One that changes between the look and the statement is tried again so often. */
    private static final int TRIES_MAX = 3;

    private final Endpoints endpoints;
    private final EndpointBodies bodies;
    private final Secrets secrets;
    private final Directory directory;

    EndpointChanges(Endpoints endpoints, EndpointBodies bodies, Secrets secrets, Directory directory) {
        this.endpoints = endpoints;
        this.bodies = bodies;
        this.secrets = secrets;
        this.directory = directory;
    }

    /** An endpoint with the key that was made for it, or that came with it. */
    record Made(EndpointRow row, SigningKey key) {}

    Made make(InputStream body, String by) throws SQLException, IOException {
        EndpointBodies.New wanted = bodies.readNew(body);
        requireBox();
        String id = Endpoints.newId();
        EndpointRow made =
                endpoints.add(id, wanted.settings(), wanted.version(), secrets.seal(id, KeyRing.of(wanted.key())));
        directory.lookNow();
        Log.infof(
                "Endpoint %s (%s) is made by %s",
                id, EndpointSettings.withoutQuery(wanted.settings().url()), by);
        return new Made(made, wanted.key());
    }

    private void requireBox() {
        if (!secrets.canSeal()) {
            throw ProblemException.conflict("Secrets of endpoints cannot be kept: set TALLYHOOK_TELLING_KEYS or"
                    + " TALLYHOOK_TELLING_KEYS_FILE, to what openssl rand -base64 32 says");
        }
    }

    /** Applies a merge patch, as often as it takes while others change it too. */
    EndpointRow change(String id, InputStream body, String by) throws SQLException, IOException {
        JsonNode patch = bodies.readPatch(body);
        for (int i = 0; i < TRIES_MAX; i++) {
            EndpointRow before = endpoints.get(id);
            EndpointBodies.Change wanted = bodies.change(patch, before.settings());
            EndpointState state = Optional.ofNullable(wanted.state()).orElse(before.state());
            List<String> changed = new ArrayList<>(before.settings().changedIn(wanted.settings()));
            requireNotConfigured(before, changed.isEmpty());
            boolean isTaken = state != before.state() && before.state() != EndpointState.ENABLED;
            boolean anew = changed.contains("url") || isTaken;
            if (state != before.state()) {
                changed.add(
                        before.disabledAt() == null
                                ? "state " + state
                                : "state " + state + ", switched off since " + before.disabledAt());
            }
            if (changed.isEmpty()) {
                return before;
            }
            Optional<EndpointRow> after = endpoints.change(before, wanted.settings(), state, anew);
            if (after.isPresent()) {
                directory.lookNow();
                Log.infof("Endpoint %s is changed by %s: %s", id, by, String.join(", ", changed));
                return after.get();
            }
        }
        throw changesAllTheTime();
    }

    /** A new key, beside which those of before sign for the time that the body says. */
    Made rotate(String id, @Nullable String type, InputStream body, String by) throws SQLException, IOException {
        Duration overlap = bodies.readOverlap(type, body);
        requireBox();
        for (int i = 0; i < TRIES_MAX; i++) {
            EndpointRow before = endpoints.get(id);
            requireNotConfigured(before, false);
            byte[] sealed = before.sealedSecrets();
            if (sealed == null) {
                throw configured(before);
            }
            SigningKey key = before.version().newKey();
            KeyRing rotated = secrets.open(id, before.version(), sealed)
                    .map(ring -> ring.rotated(key, before.readAt(), overlap))
                    .orElseGet(() -> instead(key, overlap));
            Optional<EndpointRow> after = endpoints.reseal(before, secrets.seal(id, rotated));
            if (after.isPresent()) {
                directory.lookNow();
                Log.infof(
                        "Endpoint %s has a new secret, made by %s; %d older ones sign beside it for a while",
                        id, by, rotated.entries().size() - 1);
                return new Made(after.get(), key);
            }
        }
        throw changesAllTheTime();
    }

    /** Other replicas may have the key that opens the older ones; if nobody has, this is how they are replaced. */
    private static KeyRing instead(SigningKey key, Duration overlap) {
        if (!overlap.isZero()) {
            throw ProblemException.conflict(
                    "This replica cannot open the secrets that are to sign on: the key that sealed"
                            + " them is none of tallyhook.telling.keys. If it is lost, rotate with an overlap of PT0S");
        }
        return KeyRing.of(key);
    }

    /**
     * Removes it.
     *
     * @throws ProblemException 404 if there is none, 409 if it is configured
     */
    void remove(String id, String by) throws SQLException {
        if (!endpoints.remove(id)) {
            throw configured(endpoints.get(id));
        }
        directory.lookNow();
        Log.infof("Endpoint %s is removed by %s", id, by);
    }

    private static void requireNotConfigured(EndpointRow endpoint, boolean onlyTheState) {
        if (endpoint.isConfigured() && !onlyTheState) {
            throw configured(endpoint);
        }
    }

    private static ProblemException configured(EndpointRow endpoint) {
        return ProblemException.conflict("The endpoint is set in the configuration, as tallyhook.endpoints."
                + endpoint.id() + ", and here only its state can be changed");
    }

    private static ProblemException changesAllTheTime() {
        return ProblemException.unavailable("Somebody else changes this endpoint at the same time; try again");
    }
}
