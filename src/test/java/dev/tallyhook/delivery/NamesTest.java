package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.tallyhook.delivery.Addresses.Answer;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final int SECONDS_MAX = 20;

    private final AtomicLong nanoTime = new AtomicLong();
    private final Map<String, AtomicInteger> lookedUp = new ConcurrentHashMap<>();
    private final Map<String, List<String>> zone = new ConcurrentHashMap<>();
    private final CountDownLatch speech = new CountDownLatch(1);
    private final Addresses addresses = addresses();
    private final Names names = new Names(this::resolve, addresses, PATIENCE, nanoTime::get);

    private Addresses addresses(String... settings) {
        return new Addresses(new Guard(TellingSettings.with(settings)), nanoTime::get);
    }

    /** What is called mute says nothing until the test is over. */
    private InetAddress[] resolve(String host) throws UnknownHostException {
        lookedUp.computeIfAbsent(host, first -> new AtomicInteger()).incrementAndGet();
        if (host.startsWith("mute")) {
            try {
                speech.await();
            } catch (InterruptedException over) {
                throw new IllegalStateException(over);
            }
        }
        List<String> addresses = zone.get(host);
        if (addresses == null) {
            throw new UnknownHostException(host);
        }
        return addresses.stream()
                .map(text -> Literals.address(text).orElseThrow())
                .toArray(InetAddress[]::new);
    }

    @AfterEach
    void end() {
        speech.countDown();
    }

    @Test
    void a_burst_is_one_look_up_and_what_was_found_holds_for_a_second() throws Exception {
        zone.put("a.test", List.of("11.0.0.1"));
        for (int i = 0; i < 100; i++) {
            assertEquals(List.of(address("11.0.0.1")), found(names, "a.test").addresses());
        }
        zone.put("a.test", List.of("11.0.0.2"));
        nanoTime.addAndGet(TimeUnit.MILLISECONDS.toNanos(999));
        assertEquals(List.of(address("11.0.0.1")), found(names, "a.test").addresses());
        nanoTime.addAndGet(TimeUnit.MILLISECONDS.toNanos(1));
        assertEquals(List.of(address("11.0.0.2")), found(names, "a.test").addresses());
        assertEquals(2, lookedUp.get("a.test").get());
    }

    @Test
    void a_name_without_an_address_is_told_of_and_asked_for_again() throws Exception {
        assertEquals(Outcome.UNKNOWN_HOST, found(names, "none.test").failure());
        zone.put("none.test", List.of("11.0.0.1"));
        assertEquals(List.of(address("11.0.0.1")), found(names, "none.test").addresses());
    }

    @Test
    void all_addresses_of_a_name_must_be_allowed_or_none_is() throws Exception {
        zone.put("both.test", List.of("11.0.0.1", "127.0.0.1"));
        assertEquals(
                Answer.failed(
                        Outcome.FORBIDDEN, "127.0.0.1 is in 127.0.0.0/8 (loopback), which must not be connected to"),
                found(names, "both.test"));
        assertEquals(
                List.of(address("11.0.0.1"), address("127.0.0.1")),
                found(
                                new Names(
                                        this::resolve,
                                        addresses("allowed-networks", "127.0.0.0/8"),
                                        PATIENCE,
                                        nanoTime::get),
                                "both.test")
                        .addresses());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.1",
                "127.0.1",
                "2130706433",
                "0x7f000001",
                "0X7F.1",
                "017700000001",
                "0177.0.0.1",
                "127.0.0.1.",
                "127.0.0.0x1",
                "0x",
                "127.0.0.01",
                "127.0.0.256",
                "1.2.3.4.5",
                "a.1",
                "::1",
                "[127.0.0.1]",
                "[::1",
                "[fe80::1%1]",
                "[::1]]",
                "[]",
                "127.0.0.1",
                "[::1]",
                "[::ffff:127.0.0.1]",
                "[::ffff:7f00:1]",
                "[0:0:0:0:0:0:0:1]",
                "[64:ff9b::7f00:1]"
            })
    void no_spelling_of_an_address_gets_past_and_none_is_looked_up(String host) throws Exception {
        assertEquals(Outcome.FORBIDDEN, found(names, host).failure());
        assertEquals(Map.of(), lookedUp);
    }

    @Test
    void an_address_that_is_allowed_is_what_it_says_without_a_look_up() throws Exception {
        assertEquals(List.of(address("11.0.0.1")), found(names, "11.0.0.1").addresses());
        assertEquals(List.of(address("2600::1")), found(names, "[2600::1]").addresses());
        assertEquals(Map.of(), lookedUp);
    }

    @Test
    void a_mute_name_holds_up_neither_others_nor_more_threads_than_two() throws Exception {
        List<CompletableFuture<Answer>> waiting = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            waiting.add(find(names, "mute.test"));
        }
        awaitLookUps("mute.test", 1);
        nanoTime.addAndGet(PATIENCE.toNanos() + 1);
        for (int i = 0; i < 100; i++) {
            waiting.add(find(names, "mute.test"));
        }
        awaitLookUps("mute.test", 2);
        nanoTime.addAndGet(PATIENCE.toNanos() + 1);
        waiting.add(find(names, "mute.test"));
        zone.put("a.test", List.of("11.0.0.1"));
        assertEquals(List.of(address("11.0.0.1")), found(names, "a.test").addresses());
        assertEquals(2, lookedUp.get("mute.test").get());
        assertTrue(waiting.stream().noneMatch(CompletableFuture::isDone));
        zone.put("mute.test", List.of("11.0.0.9"));
        speech.countDown();
        for (CompletableFuture<Answer> each : waiting) {
            assertEquals(
                    List.of(address("11.0.0.9")),
                    each.get(SECONDS_MAX, TimeUnit.SECONDS).addresses());
        }
    }

    @Test
    void names_that_were_mute_before_have_threads_apart_from_all_others() throws Exception {
        int many = Names.LANE_THREADS - 1;
        for (int i = 0; i < many; i++) {
            names.find("mute" + i + ".test", answer -> {});
            awaitLookUps("mute" + i + ".test", 1);
        }
        nanoTime.addAndGet(PATIENCE.toNanos() + 1);
        for (int i = 0; i < many; i++) {
            names.find("mute" + i + ".test", answer -> {});
            awaitLookUps("mute" + i + ".test", 2);
        }
        zone.put("a.test", List.of("11.0.0.1"));
        assertEquals(List.of(address("11.0.0.1")), found(names, "a.test").addresses());
    }

    @Test
    void who_does_not_wait_any_more_is_not_told() throws Exception {
        var told = new CompletableFuture<Answer>();
        names.find("mute.test", told::complete);
        Consumer<Answer> gone = answer -> fail("told");
        names.find("mute.test", gone);
        names.leave("mute.test", gone);
        speech.countDown();
        assertEquals(
                Outcome.UNKNOWN_HOST, told.get(SECONDS_MAX, TimeUnit.SECONDS).failure());
    }

    @Test
    void an_address_that_was_not_reached_is_the_last_of_its_name_for_a_while() throws Exception {
        zone.put("a.test", List.of("11.0.0.1", "11.0.0.2"));
        addresses.avoid(address("11.0.0.1"));
        assertEquals(
                List.of(address("11.0.0.2"), address("11.0.0.1")),
                found(names, "a.test").addresses());
        nanoTime.addAndGet(Duration.ofSeconds(30).toNanos());
        assertEquals(
                List.of(address("11.0.0.1"), address("11.0.0.2")),
                found(names, "a.test").addresses());
    }

    private void awaitLookUps(String host, int number) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(SECONDS_MAX))
                .until(() -> lookedUp.getOrDefault(host, new AtomicInteger()).get() == number);
    }

    private static CompletableFuture<Answer> find(Names names, String host) {
        var answer = new CompletableFuture<Answer>();
        names.find(host, answer::complete);
        return answer;
    }

    private static Answer found(Names names, String host) throws Exception {
        return find(names, host).get(SECONDS_MAX, TimeUnit.SECONDS);
    }

    private static InetAddress address(String text) {
        return Literals.address(text).orElseThrow();
    }
}
