package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.Directory;
import dev.tallyhook.endpoint.Endpoint;
import dev.tallyhook.endpoint.TellingConfig;
import io.quarkus.agroal.DataSource;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The lanes of a replica, one for each endpoint, and what they share. */
@Singleton
class Lanes implements Lane.Road {

    /** Looking from the beginning rests so many times as long as it takes. */
    private static final int REST_FACTOR = 20;

    private static final Duration REST_MIN = Duration.ofSeconds(1);
    private static final Duration REST_MAX = Duration.ofSeconds(30);

    /**
     * Messages that wait here, some megabytes; the queue keeps the rest. Beyond that only lanes are filled of which nothing waits, and
     * beyond twice as many none.
     */
    private static final int WAITING_MAX = 20_000;

    /** So many lanes are claimed for by one statement: what it brings is in memory before it is known how much that is. */
    private static final int AT_ONCE = 80;

    /** Or somebody's cancel, which is rare. */
    private static final String STATEMENT_TIMEOUT = "57014";

    private static final Attempt UNREADABLE =
            new Attempt(Outcome.UNSENDABLE, 0, Duration.ZERO, null, "what it is about cannot be read now");

    private final javax.sql.DataSource dataSource;
    private final Directory directory;
    private final Queue queue;
    private final MessageReader reader;
    private final Dispatch dispatch;
    private final Settler settler;
    private final EndpointNews endpointNews;
    private final AttemptLog attemptLog;
    private final DeliveryMetrics metrics;
    private final LedgerClock clock;
    private final Nudge nudge;
    private final LedgerFirst ledgerFirst;
    private final Places places;
    private final RetryPlan plan;
    private final int capMax;
    private final Map<String, Lane> lanes = new ConcurrentHashMap<>();
    private List<Endpoint> known = List.of();

    /** When to look from the beginning again. */
    private long fromBeginningNanos = System.nanoTime();

    Lanes(
            @DataSource("delivery") javax.sql.DataSource dataSource,
            Directory directory,
            Queue queue,
            MessageReader reader,
            Dispatch dispatch,
            Settler settler,
            EndpointNews endpointNews,
            AttemptLog attemptLog,
            DeliveryMetrics metrics,
            LedgerClock clock,
            Telling telling,
            TellingConfig config) {
        this.dataSource = dataSource;
        this.directory = directory;
        this.queue = queue;
        this.reader = reader;
        this.dispatch = dispatch;
        this.settler = settler;
        this.endpointNews = endpointNews;
        this.attemptLog = attemptLog;
        this.metrics = metrics;
        this.clock = clock;
        this.nudge = telling.nudge();
        this.ledgerFirst = telling.ledgerFirst();
        this.places = new Places(config.inFlightMax());
        this.plan = new RetryPlan(config.retries());
        this.capMax = Math.min(config.inFlightPerEndpointMax(), config.inFlightMax());
    }

    /** Follows the directory: to be called again and again, by any thread. */
    synchronized void update() {
        List<Endpoint> now = directory.all();
        if (now == known) {
            return;
        }
        known = now;
        Set<String> gone = new HashSet<>(lanes.keySet());
        for (Endpoint endpoint : now) {
            gone.remove(endpoint.id());
            Lane lane = lanes.computeIfAbsent(
                    endpoint.id(),
                    id -> new Lane(endpoint, this, new Health(new Circuit(System::nanoTime), metrics::opened)));
            lane.update(endpoint);
        }
        for (String id : gone) {
            Objects.requireNonNull(lanes.remove(id)).giveBackAll();
        }
    }

    boolean isEmpty() {
        return lanes.isEmpty();
    }

    /** To be called several times a second. */
    void look() {
        update();
        lanes.values().forEach(Lane::look);
    }

    /**
     * Claims what may be told, and begins to tell it.
     *
     * @param news endpoints that have something new; null: whoever has
     */
    void claim(@Nullable Set<String> news) throws SQLException {
        boolean fromBeginning = news == null && System.nanoTime() - fromBeginningNanos >= 0;
        if (fromBeginning) {
            lanes.values().forEach(Lane::oweLook);
            restFromBeginning(0);
        }
        List<Lane> asked = new ArrayList<>(
                news == null
                        ? lanes.values()
                        : news.stream().map(lanes::get).filter(Objects::nonNull).toList());
        // Whoever is last may find that there is no room, and is not always the same one.
        Collections.shuffle(asked);
        for (int i = 0; i < asked.size(); i += AT_ONCE) {
            claim(asked.subList(i, Math.min(i + AT_ONCE, asked.size())));
        }
    }

    private void claim(List<Lane> asked) throws SQLException {
        int waiting = lanes.values().stream().mapToInt(Lane::waiting).sum();
        List<Queue.Want> wants = new ArrayList<>();
        List<Lane> wanting = new ArrayList<>();
        for (Lane lane : asked) {
            // Those of which nothing waits are not held up by those of which much does.
            int max = lane.waiting() == 0 ? 2 * WAITING_MAX : WAITING_MAX;
            List<Queue.Want> own = waiting <= max ? lane.wants() : List.of();
            if (!own.isEmpty()) {
                wants.addAll(own);
                wanting.add(lane);
            }
        }
        if (!wants.isEmpty()) {
            try (Connection connection = dataSource.getConnection()) {
                claim(connection, wants, wanting);
            }
        }
    }

    private void claim(Connection connection, List<Queue.Want> wants, List<Lane> wanting) throws SQLException {
        Instant before = clock.isKnown() ? clock.now() : queue.readClock(connection);
        long begun = System.nanoTime();
        List<Parcel> claimed;
        try {
            claimed = queue.claim(connection, wants);
        } catch (SQLException failure) {
            if (STATEMENT_TIMEOUT.equals(failure.getSQLState())) {
                wanting.forEach(lane -> lane.tookTooLong(before));
            }
            throw failure;
        } finally {
            if (wants.stream().anyMatch(Queue.Want::isFromTheBeginning)) {
                // Most of all if it took too long to come to its end.
                restFromBeginning(System.nanoTime() - begun);
            }
        }
        Map<String, List<Parcel>> rows = claimed.stream().collect(Collectors.groupingBy(Parcel::endpointId));
        if (!claimed.isEmpty()) {
            tell(connection, claimed);
        }
        for (Lane lane : wanting) {
            lane.claimed(rows.getOrDefault(lane.endpointId(), List.of()), before);
        }
    }

    private void restFromBeginning(long tookNanos) {
        long rest = Math.max(Math.min(tookNanos * REST_FACTOR, REST_MAX.toNanos()), REST_MIN.toNanos());
        long until = System.nanoTime() + rest;
        fromBeginningNanos = until - fromBeginningNanos > 0 ? until : fromBeginningNanos;
    }

    /** What cannot be read now goes back, and what alone cannot be read has failed: by its plan it is tried again. */
    private void tell(Connection connection, List<Parcel> parcels) throws SQLException {
        MessageReader.Read read;
        try {
            read = reader.read(connection, parcels);
        } catch (SQLException failure) {
            parcels.forEach(Lanes.this::giveBack);
            throw failure;
        }
        read.unread().forEach(Lanes.this::giveBack);
        read.unreadable().forEach(this::unreadable);
        read.unwritable().forEach(one -> unwritable(one.parcel(), one.failure()));
        Map<String, List<Message>> byEndpoint = read.messages().stream()
                .collect(Collectors.groupingBy(message -> message.parcel().endpointId()));
        byEndpoint.forEach((id, own) -> {
            Lane lane = lanes.get(id);
            if (lane == null) {
                own.forEach(message -> giveBack(message.parcel(), message.id()));
            } else {
                lane.add(own);
                if (lanes.get(id) != lane) {
                    lane.giveBackAll(); // The endpoint was deleted meanwhile.
                }
            }
        });
    }

    private void unwritable(Parcel parcel, Parcel.Failure failure) {
        metrics.attempted(failure.attempt());
        attemptLog.record(parcel.endpointId(), parcel.event(), failure.id(), failure.attempt());
        if (parcel.failed(failure)) {
            settler.add(parcel);
        }
    }

    /** Of a long one each message is claimed by itself from then on, which is no attempt yet. */
    private void unreadable(Parcel parcel) {
        if (parcel.ids().size() == 1) {
            int attempts = parcel.attempts() + 1;
            Duration wait = plan.after(attempts, UNREADABLE);
            unwritable(parcel, new Parcel.Failure(parcel.ids().get(0), attempts, UNREADABLE, wait));
            return;
        }
        for (String id : parcel.ids()) {
            if (parcel.failed(new Parcel.Failure(id, parcel.attempts(), UNREADABLE, Duration.ZERO))) {
                settler.add(parcel);
            }
        }
    }

    private void giveBack(Parcel parcel) {
        parcel.ids().forEach(id -> giveBack(parcel, id));
    }

    private void giveBack(Parcel parcel, String id) {
        if (parcel.returned(id)) {
            settler.add(parcel);
        }
    }

    /** Rows of theirs are back in the queue, the earliest of each with this time. */
    void lookAgain(Map<String, OffsetDateTime> endpoints) {
        endpoints.forEach((id, since) -> {
            Lane lane = lanes.get(id);
            if (lane != null) {
                lane.lookAgain(since);
            }
        });
    }

    /** Writes down how endpoints do. */
    void tellNews() throws SQLException {
        Map<String, Health.News> news = new HashMap<>();
        lanes.forEach((id, lane) -> {
            Health.News own = lane.health().news();
            if (own != null) {
                news.put(id, own);
            }
        });
        if (news.isEmpty()) {
            return;
        }
        try (Connection connection = dataSource.getConnection()) {
            endpointNews.write(connection, news);
        } catch (SQLException failure) {
            news.forEach((id, own) -> {
                Lane lane = lanes.get(id);
                if (lane != null) {
                    lane.health().keep(own);
                }
            });
            throw failure;
        }
    }

    void giveBackAll() {
        lanes.values().forEach(Lane::giveBackAll);
    }

    int underWay() {
        return places.underWay();
    }

    long openCircuits() {
        return lanes.values().stream().filter(lane -> lane.health().isOnTrial()).count();
    }

    @Override
    public Places places() {
        return places;
    }

    @Override
    public int capMax() {
        return capMax;
    }

    @Override
    public boolean isResting() {
        return ledgerFirst.comes();
    }

    @Override
    public void send(Endpoint endpoint, Message message, Consumer<Attempt> then) {
        dispatch.send(endpoint, message, then);
    }

    @Override
    public @Nullable Duration attempted(Message message, Attempt attempt) {
        Parcel parcel = message.parcel();
        metrics.attempted(attempt);
        attemptLog.record(parcel.endpointId(), parcel.event(), message.id(), attempt);
        if (!attempt.isDelivered()) {
            return plan.after(parcel.attempts() + 1, attempt);
        }
        if (parcel.attempts() == 0 && !parcel.isReplay()) {
            metrics.acknowledged(Duration.between(message.timestamp(), clock.now()));
        }
        return null;
    }

    @Override
    public void settled(Parcel parcel) {
        settler.add(parcel);
    }

    @Override
    public void hungry(String endpointId) {
        nudge.give(List.of(endpointId));
    }
}
