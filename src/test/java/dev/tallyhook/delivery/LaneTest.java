package dev.tallyhook.delivery;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.endpoint.Endpoint;
import dev.tallyhook.endpoint.EndpointState;
import dev.tallyhook.endpoint.EventKind;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LaneTest {

    private static final URI URL = URI.create("https://shop.example/hook");

    private long nanos;
    private final FakeRoad road = new FakeRoad();
    private final Circuit circuit = new Circuit(() -> nanos);
    private final Lane lane = new Lane(endpoint(EndpointState.ENABLED), road, new Health(circuit, () -> {}));

    private static Endpoint endpoint(EndpointState state) {
        return new Endpoint(
                "shop", URL, state, Set.of(EventKind.PROCESSED), (id, timestamp, body) -> "v1,signature", 0, 0);
    }

    /** A message that is under way, until the test says what comes of it. */
    private record UnderWay(Message message, Consumer<Attempt> then) {}

    private static final class FakeRoad implements Lane.Road {

        private final Deque<UnderWay> underWay = new ArrayDeque<>();
        private final List<Parcel> settled = new ArrayList<>();
        private final List<String> sent = new ArrayList<>();
        private Places places = new Places(1_000);
        private Attempt atOnce;
        private int capMax = 64;
        private int hungry;
        private boolean resting;

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
            return resting;
        }

        @Override
        public void send(Endpoint endpoint, Message message, Consumer<Attempt> then) {
            sent.add(message.id());
            if (atOnce != null) {
                then.accept(atOnce);
            } else {
                underWay.add(new UnderWay(message, then));
            }
        }

        @Override
        public Duration attempted(Message message, Attempt attempt) {
            return attempt.isDelivered() ? null : Duration.ofSeconds(attempt.status() == 0 ? 1 : 2);
        }

        @Override
        public void settled(Parcel parcel) {
            settled.add(parcel);
        }

        @Override
        public void hungry(String endpointId) {
            hungry++;
        }

        void end(Attempt attempt) {
            underWay.remove().then().accept(attempt);
        }

        void endAll(Attempt attempt) {
            for (int left = underWay.size(); left > 0; left--) {
                end(attempt);
            }
        }
    }

    /** Of a claim that is not about to be given back, however slow the machine is. */
    private static Parcel parcel(boolean replay, int messages) {
        return parcel(replay, messages, System.nanoTime() + Duration.ofHours(1).toNanos());
    }

    private static Parcel parcel(boolean replay, int messages, long claimedNanos) {
        String prefix = replay ? "again_" : "new_";
        List<String> ids =
                IntStream.range(0, messages).mapToObj(i -> prefix + i).toList();
        return new Parcel(
                1,
                "shop",
                EventKind.PROCESSED,
                ids,
                replay,
                OffsetDateTime.MIN.plusYears(1),
                0,
                OffsetDateTime.MAX,
                claimedNanos);
    }

    private static List<Message> messages(Parcel parcel) {
        return parcel.ids().stream()
                .map(id -> new Message(parcel, id, "msg_" + id, new byte[0], Instant.EPOCH, null))
                .toList();
    }

    private Parcel add(Parcel parcel) {
        lane.add(messages(parcel));
        return parcel;
    }

    private void rest() {
        nanos += circuit.resting().toNanos();
    }

    @Test
    void it_begins_with_four_at_once_and_one_more_for_each_success() {
        add(parcel(false, 1_000));
        assertEquals(4, lane.underWay());
        road.end(Attempts.DELIVERED);
        assertEquals(5, lane.underWay());
        road.end(Attempts.DELIVERED);
        assertEquals(6, lane.underWay());
        for (int i = 0; i < 100; i++) {
            road.end(Attempts.DELIVERED);
        }
        assertEquals(64, lane.underWay());
    }

    @Test
    void while_it_rests_what_is_under_way_ends_and_nothing_begins() {
        add(parcel(false, 10));
        road.resting = true;
        road.endAll(Attempts.DELIVERED);
        assertEquals(0, lane.underWay());
        assertEquals(6, lane.waiting());
        road.resting = false;
        lane.look();
        assertEquals(6, lane.underWay());
    }

    @Test
    void nor_does_it_begin_with_more_than_there_may_be() {
        road.capMax = 2;
        var narrow = new Lane(endpoint(EndpointState.ENABLED), road, new Health(circuit, () -> {}));
        narrow.add(messages(parcel(false, 10)));
        assertEquals(2, narrow.underWay());
    }

    @Test
    void one_that_does_not_keep_up_gets_half_each_time_and_one_at_least() {
        add(parcel(false, 1_000));
        for (int i = 0; i < 12; i++) {
            road.end(Attempts.DELIVERED);
        }
        assertEquals(16, lane.underWay());
        road.end(Attempts.TIMED_OUT);
        while (lane.underWay() > 8) {
            road.end(Attempts.REFUSED);
            road.end(Attempts.DELIVERED);
            road.end(Attempts.TIMED_OUT); // 16 / 2 + 1, halved again, and so on.
        }
        for (int i = 0; i < 4; i++) {
            road.end(Attempts.TIMED_OUT);
            road.end(Attempts.DELIVERED);
            road.end(Attempts.TIMED_OUT);
        }
        assertTrue(lane.underWay() >= 1, "something is");
        assertTrue(lane.underWay() <= 4, lane.underWay() + " under way");
    }

    @Test
    void a_message_that_is_refused_says_nothing_of_how_much_it_can_take() {
        add(parcel(false, 1_000));
        road.end(Attempts.REFUSED);
        assertEquals(4, lane.underWay());
    }

    @Test
    void what_comes_first_goes_first() {
        add(parcel(false, 30));
        while (lane.underWay() > 0) {
            road.end(Attempts.DELIVERED);
        }
        assertEquals(parcel(false, 30).ids(), road.sent);
    }

    @Test
    void a_parcel_is_settled_once_when_something_has_come_of_each_of_its_messages() {
        Parcel parcel = add(parcel(false, 3));
        road.end(Attempts.DELIVERED);
        road.end(Attempts.REFUSED);
        assertEquals(List.of(), road.settled);
        road.end(Attempts.TIMED_OUT);
        assertEquals(List.of(parcel), road.settled);
        assertEquals(
                List.of(
                        new Parcel.Failure("new_1", 1, Attempts.REFUSED, Duration.ofSeconds(2)),
                        new Parcel.Failure("new_2", 1, Attempts.TIMED_OUT, Duration.ofSeconds(1))),
                parcel.failures());
        assertEquals(List.of(), parcel.returned());
    }

    @Test
    void what_is_sent_again_leaves_half_of_the_room_to_what_is_new() {
        add(parcel(true, 100));
        assertEquals(2, lane.underWay());
        add(parcel(false, 100));
        assertEquals(4, lane.underWay());
        assertEquals(List.of("again_0", "again_1", "new_0", "new_1"), road.sent);
    }

    @Test
    void and_waits_for_what_is_new() {
        add(parcel(false, 100));
        add(parcel(true, 100));
        for (int i = 0; i < 20; i++) {
            road.end(Attempts.DELIVERED);
        }
        assertTrue(road.sent.stream().noneMatch(id -> id.startsWith("again")), road.sent::toString);
    }

    @Test
    void with_room_for_one_it_is_sent_again_all_the_same() {
        road.capMax = 1;
        var narrow = new Lane(endpoint(EndpointState.ENABLED), road, new Health(circuit, () -> {}));
        narrow.add(messages(parcel(true, 2)));
        assertEquals(1, narrow.underWay());
    }

    @Test
    void what_has_waited_too_long_is_given_back_and_the_rest_is_not() {
        Parcel old = parcel(false, 6, System.nanoTime() - Duration.ofSeconds(4).toNanos());
        Parcel young = parcel(false, 2);
        add(old);
        add(young);
        assertEquals(0, lane.underWay(), "its lease may be over before an attempt is");
        lane.look();
        assertEquals(6, old.returned().size());
        assertEquals(List.of(), young.returned());
        assertEquals(List.of(old), road.settled);
        assertEquals(2, lane.underWay());
    }

    @Test
    void an_open_circuit_gives_back_all_that_has_not_begun() {
        Parcel parcel = add(parcel(false, 100));
        for (int i = 0; i < 5; i++) {
            road.end(Attempts.REFUSED);
        }
        assertEquals(3, lane.underWay(), "began before it opened");
        assertEquals(92, parcel.returned().size());
        assertEquals(List.of(), lane.wants());
        road.endAll(Attempts.REFUSED);
        assertEquals(List.of(parcel), road.settled);
        assertEquals(8, parcel.failures().size());
    }

    @Test
    void on_trial_one_goes_alone_and_if_it_fails_the_others_go_back() {
        add(parcel(false, 5));
        road.endAll(Attempts.REFUSED);
        road.endAll(Attempts.REFUSED);
        rest();
        assertEquals(1, lane.wants().get(0).room());
        Parcel trial = add(parcel(false, 50));
        assertEquals(1, lane.underWay());
        road.end(Attempts.REFUSED);
        assertEquals(0, lane.underWay());
        assertEquals(49, trial.returned().size());
        assertTrue(road.settled.contains(trial));
    }

    @Test
    void and_if_it_succeeds_they_follow() {
        add(parcel(false, 5));
        road.endAll(Attempts.REFUSED);
        road.endAll(Attempts.REFUSED);
        rest();
        Parcel trial = add(parcel(false, 50));
        road.end(Attempts.DELIVERED);
        assertTrue(lane.underWay() > 1, lane.underWay() + " under way");
        assertEquals(List.of(), trial.returned());
    }

    @Test
    void an_endpoint_that_is_paused_or_whose_secrets_cannot_be_opened_gets_nothing_new() {
        for (Endpoint now : List.of(
                endpoint(EndpointState.PAUSED),
                endpoint(EndpointState.DISABLED),
                new Endpoint("shop", URL, EndpointState.ENABLED, Set.of(), null, 0, 0))) {
            lane.update(endpoint(EndpointState.ENABLED));
            Parcel parcel = add(parcel(false, 10));
            assertEquals(4, lane.underWay());
            lane.update(now);
            assertEquals(6, parcel.returned().size());
            assertEquals(List.of(), lane.wants());
            road.endAll(Attempts.REFUSED);
            assertEquals(0, lane.underWay());
            lane.health().forgive();
        }
    }

    @Test
    void one_that_is_enabled_again_or_moves_is_tried_at_once() {
        for (Endpoint after : List.of(
                endpoint(EndpointState.ENABLED),
                new Endpoint(
                        "shop",
                        URI.create("https://other.example"),
                        EndpointState.ENABLED,
                        Set.of(),
                        (id, timestamp, body) -> "v1,signature",
                        0,
                        0))) {
            lane.health().attempted(Attempts.GONE);
            assertEquals(List.of(), lane.wants());
            if (after.url().equals(URL)) {
                lane.update(endpoint(EndpointState.DISABLED));
            }
            lane.update(after);
            assertEquals(2, lane.wants().size());
        }
    }

    @Test
    void it_rests_as_long_as_another_replica_has_seen_fit() {
        lane.update(new Endpoint(
                "shop", URL, EndpointState.ENABLED, Set.of(), (id, timestamp, body) -> "v1,signature", 10_000, 5));
        assertEquals(List.of(), lane.wants());
        nanos += Duration.ofSeconds(10).toNanos();
        assertEquals(2, lane.wants().size());
    }

    /** With one place, which the first lane's attempt has until it hangs. */
    @Test
    void an_attempt_that_hangs_gives_its_place_to_another_lane() {
        road.places = new Places(1);
        add(parcel(false, 1));
        var other = new Lane(endpoint(EndpointState.ENABLED), road, new Health(new Circuit(() -> nanos), () -> {}));
        other.add(messages(parcel(false, 1)));
        await().until(() -> {
            lane.look();
            return other.underWay() == 1;
        });
        assertEquals(1, lane.underWay(), "it is still under way");
        road.endAll(Attempts.DELIVERED);
        assertEquals(0, road.places.underWay());
        assertTrue(road.places.take(() -> {}), "and has left once");
    }

    @Test
    void a_lane_without_a_place_goes_on_when_another_one_has_left_one() {
        road.places = new Places(4);
        add(parcel(false, 4));
        var other = new Lane(endpoint(EndpointState.ENABLED), road, new Health(new Circuit(() -> nanos), () -> {}));
        other.add(messages(parcel(false, 1)));
        assertEquals(0, other.underWay());
        road.end(Attempts.DELIVERED);
        assertEquals(1, other.underWay());
    }

    /** As those are that cannot be signed: each would stand upon the one before. */
    @Test
    void a_hundred_thousand_messages_that_are_over_at_once_need_no_deep_stack() {
        road.atOnce = Attempts.DELIVERED;
        Parcel parcel = add(parcel(false, 100_000));
        assertEquals(List.of(parcel), road.settled);
        assertEquals(0, road.places.underWay());
    }

    @Test
    void nor_do_ten_thousand_lanes_that_wait_for_one_place() {
        road.places = new Places(1);
        assertTrue(road.places.take(() -> {}));
        road.atOnce = Attempts.DELIVERED;
        for (int i = 0; i < 10_000; i++) {
            new Lane(endpoint(EndpointState.ENABLED), road, new Health(circuit, () -> {}))
                    .add(messages(parcel(false, 2)));
        }
        assertEquals(0, road.settled.size());
        road.places.leave(false);
        assertEquals(10_000, road.settled.size());
    }

    @Test
    void it_asks_for_more_when_there_is_room_and_there_may_be_more() {
        int room = lane.wants().get(0).room();
        Parcel parcel = parcel(false, 1);
        lane.claimed(Collections.nCopies(room, parcel), Instant.EPOCH);
        lane.add(messages(parcel(false, 40)));
        assertEquals(0, road.hungry, "enough waits");
        road.end(Attempts.DELIVERED);
        road.end(Attempts.DELIVERED);
        assertTrue(road.hungry > 0);
    }
}
