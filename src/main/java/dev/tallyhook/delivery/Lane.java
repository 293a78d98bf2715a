package dev.tallyhook.delivery;

import dev.tallyhook.endpoint.Endpoint;
import dev.tallyhook.endpoint.EndpointState;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is on its way to one endpoint. What comes first goes first, and what is sent again waits for what is new. How much is under way
 * at once grows with each success and is halved by an endpoint that does not keep up.
 */
final class Lane {

    /** Attempts at once to begin with. */
    private static final int CAP_FIRST = 4;

    /** Each may have 250 messages. */
    private static final int ROWS_AT_FIRST = 2;

    /** After so long an attempt hangs, and gives its place to others. */
    private static final long HANGING_NANOS = Duration.ofSeconds(1).toNanos();

    /** So long after its claim a message that has not begun is given back: an attempt that began then is over before the lease is. */
    private static final long PATIENCE_NANOS = Duration.ofSeconds(3).toNanos();

    private static final Set<Outcome> OVERWHELMED = Set.of(Outcome.TIMED_OUT, Outcome.UNREACHABLE, Outcome.THROTTLED);

    /** What lanes of a replica share. */
    interface Road {
        /** Of all endpoints. */
        Places places();

        /** Of one endpoint. */
        int capMax();

        /** Whether nothing is begun now; {@link Lane#look} is called when that is over. */
        boolean isResting();

        /** Sends it; {@code then} is told once what came of it. */
        void send(Endpoint endpoint, Message message, Consumer<Attempt> then);

        /** Something has come of a message; says when it is tried again, null if it is not. */
        @Nullable
        Duration attempted(Message message, Attempt attempt);

        /** Something has come of each message of a parcel. */
        void settled(Parcel parcel);

        /** There is room for more, and there may be more. */
        void hungry(String endpointId);
    }

    /** An attempt that is under way. */
    private static final class Flight {
        final Message message;
        final long sinceNanos = System.nanoTime();
        boolean hangs;

        Flight(Message message) {
            this.message = message;
        }
    }

    private final Road road;
    private final Deque<Message> fresh = new ArrayDeque<>();
    private final Deque<Message> again = new ArrayDeque<>();
    private final Set<Flight> underWay = ConcurrentHashMap.newKeySet();
    private final AtomicInteger pumps = new AtomicInteger();
    private final Runnable pump = this::pump;
    private final Appetite appetite = new Appetite(ROWS_AT_FIRST);
    private final Health health;
    private volatile Endpoint endpoint;
    private int cap = CAP_FIRST;

    Lane(Endpoint endpoint, Road road, Health health) {
        this.endpoint = endpoint;
        this.road = road;
        this.health = health;
        cap = Math.min(CAP_FIRST, road.capMax());
    }

    String endpointId() {
        return endpoint.id();
    }

    Health health() {
        return health;
    }

    /** What is known of the endpoint now. */
    void update(Endpoint now) {
        Endpoint before = endpoint;
        endpoint = now;
        boolean isBack = now.state() == EndpointState.ENABLED && before.state() != EndpointState.ENABLED;
        if (isBack || !now.url().equals(before.url())) {
            health.forgive();
        }
        if (now.restMillis() > 0) {
            health.rest(Duration.ofMillis(now.restMillis()));
        }
        if (allowed() == 0) {
            giveBack(Long.MAX_VALUE);
        }
        pump();
    }

    /** How many may be under way. */
    private int allowed() {
        return endpoint.state() != EndpointState.ENABLED || endpoint.keys() == null
                ? 0
                : Math.min(health.allowed(), cap);
    }

    /** The next claim looks from the beginning, whenever that is. */
    synchronized void oweLook() {
        appetite.oweLook();
    }

    /** What it has room for. */
    synchronized List<Queue.Want> wants() {
        int allowed = allowed();
        return allowed == 0
                ? List.of()
                : appetite.wants(endpoint.id(), allowed, fresh.size(), again.size(), health.isOnTrial());
    }

    /**
     * What a claim has brought, of what {@link #wants} wanted.
     *
     * @param before a time, by the database's clock, before it looked
     */
    synchronized void claimed(List<Parcel> rows, Instant before) {
        appetite.claimed(rows, before);
    }

    /** See {@link Appetite#tookTooLong}. */
    synchronized void tookTooLong(Instant now) {
        appetite.tookTooLong(now);
    }

    /** Rows are back in the queue, the earliest of them with this time. */
    synchronized void lookAgain(OffsetDateTime since) {
        appetite.lookAgain(since);
    }

    void add(List<Message> messages) {
        synchronized (this) {
            messages.forEach(message -> (message.parcel().isReplay() ? again : fresh).add(message));
        }
        pump();
    }

    /** Sends what may be sent, on this thread or on the one that does so already. */
    private void pump() {
        if (pumps.getAndIncrement() != 0) {
            return;
        }
        int seen = 1;
        do {
            send();
            seen = pumps.addAndGet(-seen);
        } while (seen != 0);
    }

    private void send() {
        for (Flight next = begin(); next != null; next = begin()) {
            Flight flight = next;
            road.send(endpoint, flight.message, attempt -> end(flight, attempt));
        }
        if (isHungry()) {
            road.hungry(endpoint.id());
        }
    }

    private synchronized @Nullable Flight begin() {
        int allowed = allowed();
        Deque<Message> next = fresh.isEmpty() && mayGoAgain(allowed) ? again : fresh;
        Message first = next.peek();
        if (first == null
                || underWay.size() >= allowed
                || road.isResting()
                || isBefore(first.parcel().claimedNanos(), System.nanoTime() - PATIENCE_NANOS)
                || !road.places().take(pump)) {
            return null;
        }
        var flight = new Flight(next.remove());
        underWay.add(flight);
        return flight;
    }

    /** What is sent again leaves half of the room to what comes new. */
    private boolean mayGoAgain(int allowed) {
        return !again.isEmpty()
                && underWay.stream()
                                .filter(flight -> flight.message.parcel().isReplay())
                                .count()
                        < Math.max(allowed / 2, 1);
    }

    private synchronized boolean isHungry() {
        return appetite.isHungry(allowed(), fresh.size(), again.size());
    }

    private void end(Flight flight, Attempt attempt) {
        boolean hung;
        synchronized (this) {
            underWay.remove(flight);
            hung = flight.hangs;
            if (attempt.isDelivered()) {
                cap = Math.min(cap + 1, road.capMax());
            } else if (OVERWHELMED.contains(attempt.outcome())) {
                cap = Math.max(cap / 2, 1);
            }
        }
        health.attempted(attempt);
        settle(flight.message, attempt);
        road.places().leave(hung);
        if (allowed() == 0) {
            giveBack(Long.MAX_VALUE);
        }
        pump();
    }

    private void settle(Message message, Attempt attempt) {
        Parcel parcel = message.parcel();
        Duration wait = road.attempted(message, attempt);
        boolean last = attempt.isDelivered()
                ? parcel.delivered()
                : parcel.failed(new Parcel.Failure(message.id(), parcel.attempts() + 1, attempt, wait));
        if (last) {
            road.settled(parcel);
        }
    }

    /** To be called several times a second: lets go of what hangs, and of what has waited too long. */
    void look() {
        long now = System.nanoTime();
        for (Flight flight : underWay) {
            if (now - flight.sinceNanos > HANGING_NANOS && hangs(flight)) {
                road.places().hang();
            }
        }
        giveBack(now - PATIENCE_NANOS);
        pump();
    }

    private synchronized boolean hangs(Flight flight) {
        boolean first = !flight.hangs && underWay.contains(flight);
        flight.hangs |= first;
        return first;
    }

    /** Gives back what was claimed before then and has not begun. */
    private void giveBack(long claimedBeforeNanos) {
        List<Message> back = new ArrayList<>();
        synchronized (this) {
            for (Deque<Message> queue : List.of(fresh, again)) {
                for (Message message = queue.peek();
                        message != null && isBefore(message.parcel().claimedNanos(), claimedBeforeNanos);
                        message = queue.peek()) {
                    back.add(queue.remove());
                }
            }
        }
        for (Message message : back) {
            if (message.parcel().returned(message.id())) {
                road.settled(message.parcel());
            }
        }
    }

    private static boolean isBefore(long nanos, long limit) {
        return limit == Long.MAX_VALUE || nanos - limit < 0;
    }

    /** Gives back all that has not begun. */
    void giveBackAll() {
        giveBack(Long.MAX_VALUE);
    }

    int underWay() {
        return underWay.size();
    }

    /** Messages that have not begun. */
    synchronized int waiting() {
        return fresh.size() + again.size();
    }
}
