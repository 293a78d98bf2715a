package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Verdict;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PayPalCertificatesTest {

    private static final String NAME = "messageverificationcerts.paypal.com";
    private static final String URL = "https://api.paypal.com/v1/notifications/certs/CERT-1";

    private static final KeyPair ROOT_KEYS = Issued.keys("RSA", 2048);
    private static final KeyPair KEYS = Issued.keys("RSA", 2048);
    private static final Issued ROOT = Issued.root("Root", ROOT_KEYS);
    private static final Issued BETWEEN = ROOT.authority("Between", Issued.keys("RSA", 2048));
    private static final Issued LEAF = BETWEEN.leaf(KEYS, NAME);

    @TempDir
    static Path directory;

    private static PayPalTrust trust;

    /** What is waiting for the thread. */
    private final Deque<Runnable> tasks = new ArrayDeque<>();

    /** What is waiting for the other one. */
    private final Deque<Runnable> tasksOfPayPals = new ArrayDeque<>();

    private final List<String> fetched = new ArrayList<>();
    private final SettableClock clock = new SettableClock();
    private CertificateSource source;
    private Executor executor;
    private PayPalCertificates certificates;

    private static final class SettableClock extends Clock {

        private Instant now = Provider.NOW;

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }

    private static SchemeContext trusting(Path file) {
        return Provider.context(
                Map.of("trusted-certificates", file.toString()), Clock.fixed(Provider.NOW, ZoneOffset.UTC));
    }

    @BeforeAll
    static void trustTheRoot() throws Exception {
        trust = PayPalTrust.of(trusting(Files.writeString(directory.resolve("root.pem"), ROOT.pem())));
    }

    @BeforeEach
    void start() {
        source = url -> Optional.of(Provider.bytes(LEAF.pem(BETWEEN)));
        executor = tasks::add;
        startAnew();
    }

    private void startAnew() {
        certificates = new PayPalCertificates(
                url -> {
                    fetched.add(url.toString());
                    return source.fetch(url);
                },
                trust,
                clock,
                tasksOfPayPals::add,
                task -> executor.execute(task));
    }

    private void runTasks() {
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
        while (!tasksOfPayPals.isEmpty()) {
            tasksOfPayPals.remove().run();
        }
    }

    private Verdict verdict(String url) {
        return certificates.at(url).verdict();
    }

    /** Of what is found there. */
    private Verdict found(String pem) {
        startAnew(); // So that none has to wait for its turn.
        source = url -> Optional.of(Provider.bytes(pem));
        String url = URL + fetched.size();
        certificates.at(url);
        runTasks();
        PayPalCertificates.Lookup found = certificates.at(url);
        assertEquals(found.verdict() == Verdict.SIGNED, found.certificate() != null);
        return found.verdict();
    }

    @Test
    void nobody_waits_for_a_certificate_that_is_fetched_once_and_then_known() {
        assertEquals(Verdict.UNDECIDED, verdict(URL));
        assertEquals(Verdict.UNDECIDED, verdict(URL));
        assertEquals(List.of(), fetched);
        runTasks();
        PayPalCertificates.Lookup found = certificates.at(URL);
        assertEquals(Verdict.SIGNED, found.verdict());
        assertArrayEquals(
                KEYS.getPublic().getEncoded(),
                found.certificate().getPublicKey().getEncoded());
        assertEquals(List.of(URL), fetched);
    }

    @Test
    void only_a_certificate_of_paypal_that_leads_to_one_that_is_trusted_is_taken() {
        assertEquals(Verdict.SIGNED, found(LEAF.pem(BETWEEN)));
        assertEquals(Verdict.SIGNED, found(LEAF.pem(BETWEEN, ROOT)));
        assertEquals(Verdict.SIGNED, found(LEAF.pem(ROOT, BETWEEN)));
        assertEquals(
                Verdict.SIGNED,
                found(BETWEEN.leaf(KEYS, "messageverificationcerts.sandbox.paypal.com")
                        .pem(BETWEEN)));
        assertEquals(Verdict.SIGNED, found(ROOT.leaf(KEYS, NAME).pem()));

        assertEquals(Verdict.UNSIGNED, found(LEAF.pem()), "nothing leads from it to the root");
        assertEquals(Verdict.UNSIGNED, found(BETWEEN.pem(LEAF)), "the first one is to sign");
        assertEquals(Verdict.UNSIGNED, found(""));
        assertEquals(Verdict.UNSIGNED, found("certificate"));
        assertEquals(Verdict.UNSIGNED, found("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"));
        assertEquals(
                Verdict.UNSIGNED,
                found(LEAF.pem(
                        BETWEEN, BETWEEN, BETWEEN, BETWEEN, BETWEEN, BETWEEN, BETWEEN, BETWEEN, BETWEEN, BETWEEN)));
        Issued stranger = Issued.root("Root", KEYS);
        assertEquals(Verdict.UNSIGNED, found(stranger.leaf(KEYS, NAME).pem(stranger)));
        Issued self = Issued.root(NAME, KEYS);
        assertEquals(Verdict.UNSIGNED, found(self.pem()));
        assertEquals(
                Verdict.UNSIGNED, found(LEAF.leaf(KEYS, NAME).pem(LEAF, BETWEEN)), "a leaf issues no certificates");
    }

    @Test
    void only_a_certificate_with_paypals_name_is_taken() {
        for (String name : List.of(
                "api.paypal.com",
                "paypal.com",
                "Messageverificationcerts.paypal.com",
                "messageverificationcerts.paypal.com.example.com",
                "messageverificationcerts.x.paypal.com",
                " messageverificationcerts.paypal.com",
                "messageverificationcerts.paypal.com\u0000.example.com",
                "x,CN=messageverificationcerts.paypal.com",
                "")) {
            assertEquals(Verdict.UNSIGNED, found(BETWEEN.leaf(KEYS, name).pem(BETWEEN)), name);
        }
        assertEquals(Verdict.UNSIGNED, found(BETWEEN.leaf(KEYS).pem(BETWEEN)));
        assertEquals(
                Verdict.UNSIGNED, found(BETWEEN.leaf(KEYS, NAME, "example.com").pem(BETWEEN)));
        assertEquals(
                Verdict.UNSIGNED, found(BETWEEN.leaf(KEYS, "example.com", NAME).pem(BETWEEN)));
        assertEquals(Verdict.UNSIGNED, found(BETWEEN.leaf(KEYS, NAME, NAME).pem(BETWEEN)));
    }

    @Test
    void only_a_certificate_for_signatures_with_a_key_that_is_long_enough_is_taken() {
        Instant from = Issued.years(-1);
        Instant to = Issued.years(1);
        assertEquals(
                Verdict.SIGNED,
                found(BETWEEN.leaf(KEYS, from, to, false, Issued.SIGNATURES, NAME)
                        .pem(BETWEEN)));
        assertEquals(
                Verdict.UNSIGNED,
                found(BETWEEN.leaf(KEYS, from, to, false, Issued.ENCIPHERMENT, NAME)
                        .pem(BETWEEN)));
        assertEquals(
                Verdict.UNSIGNED,
                found(BETWEEN.leaf(KEYS, from, to, true, Issued.SIGNATURES, NAME)
                        .pem(BETWEEN)));
        assertEquals(
                Verdict.UNSIGNED,
                found(BETWEEN.leaf(Issued.keys("RSA", 1024), NAME).pem(BETWEEN)));
        assertEquals(
                Verdict.UNSIGNED,
                found(BETWEEN.leaf(Issued.keys("EC", 256), NAME).pem(BETWEEN)));
    }

    @Test
    void only_a_certificate_within_its_time_is_taken_and_it_is_forgotten_when_that_ends() {
        Instant now = Provider.NOW;
        assertEquals(
                Verdict.UNSIGNED,
                found(BETWEEN.leaf(KEYS, Issued.years(-2), now.minusSeconds(1), false, Issued.SIGNATURES, NAME)
                        .pem(BETWEEN)));
        assertEquals(
                Verdict.UNSIGNED,
                found(BETWEEN.leaf(KEYS, now.plusSeconds(1), Issued.years(2), false, Issued.SIGNATURES, NAME)
                        .pem(BETWEEN)));
        assertEquals(
                Verdict.SIGNED,
                found(BETWEEN.leaf(KEYS, now, now.plusSeconds(10), false, Issued.SIGNATURES, NAME)
                        .pem(BETWEEN)));
        String url = fetched.get(fetched.size() - 1);
        clock.now = now.plusSeconds(10);
        assertEquals(Verdict.SIGNED, verdict(url));
        clock.now = now.plusSeconds(11);
        assertEquals(Verdict.UNDECIDED, verdict(url));
        runTasks();
        assertEquals(Verdict.UNSIGNED, verdict(url));
    }

    @Test
    void an_address_without_a_certificate_is_not_asked_again_for_a_minute() {
        source = url -> Optional.empty();
        verdict(URL);
        runTasks();
        for (Duration later : List.of(Duration.ZERO, Duration.ofSeconds(59), Duration.ofSeconds(-59))) {
            clock.now = Provider.NOW.plus(later);
            assertEquals(Verdict.UNSIGNED, verdict(URL));
            runTasks();
        }
        assertEquals(1, fetched.size());
        clock.now = Provider.NOW.plusSeconds(60);
        assertEquals(Verdict.UNDECIDED, verdict(URL));
        runTasks();
        assertEquals(2, fetched.size());
    }

    @Test
    void a_failure_of_the_network_asks_to_come_again_and_is_remembered_for_a_minute() {
        source = url -> {
            throw new IOException("no route");
        };
        verdict(URL);
        runTasks();
        assertEquals(Verdict.UNDECIDED, verdict(URL));
        runTasks();
        assertEquals(1, fetched.size());
        start();
        clock.now = Provider.NOW.plusSeconds(60);
        verdict(URL);
        runTasks();
        assertEquals(Verdict.SIGNED, verdict(URL));
    }

    @Test
    void a_source_that_breaks_holds_nothing_up() {
        source = url -> {
            throw new IllegalStateException("broken");
        };
        verdict(URL);
        runTasks();
        assertEquals(Verdict.UNSIGNED, verdict(URL));
        source = url -> {
            throw new InterruptedException();
        };
        verdict(URL + "2");
        runTasks();
        assertTrue(Thread.interrupted());
        assertEquals(Verdict.UNDECIDED, verdict(URL + "2"));
        assertTrue(tasks.isEmpty());
    }

    @Test
    void of_addresses_that_nobody_knows_eight_are_asked_at_once_and_one_more_each_second() {
        source = url -> Optional.empty();
        askForManyNewOnes("a");
        assertEquals(8, fetched.size());
        for (int seconds : new int[] {1, 2, -5, -4}) { // The clock was set back.
            clock.now = Provider.NOW.plusSeconds(seconds);
            askForManyNewOnes("of" + seconds);
        }
        assertEquals(8 + 1 + 1 + 7 + 1, fetched.size());
        clock.now = Provider.NOW.plusSeconds(3600);
        askForManyNewOnes("b");
        assertEquals(8 + 10 + 8, fetched.size());
    }

    private void askForManyNewOnes(String names) {
        for (int i = 0; i < 100; i++) {
            assertEquals(Verdict.UNDECIDED, verdict(URL + "-" + names + "-" + i));
            runTasks();
        }
    }

    @Test
    void one_that_was_paypals_before_is_fetched_whatever_strangers_ask_for() {
        for (int i = 0; i < 100; i++) {
            verdict(URL + "-" + i); // None of them is ever run: what strangers ask for hangs.
        }
        assertEquals(Verdict.UNDECIDED, verdict(URL));
        assertEquals(8, tasks.size());
        certificates.recall(URL);
        assertEquals(1, tasksOfPayPals.size());
        tasksOfPayPals.remove().run();
        assertEquals(Verdict.SIGNED, verdict(URL));
        assertEquals(List.of(URL), fetched);
    }

    @Test
    void one_whose_time_has_ended_is_fetched_anew_whatever_strangers_ask_for() {
        Instant end = Provider.NOW.plusSeconds(10);
        source = url -> Optional.of(Provider.bytes(BETWEEN.leaf(KEYS, Provider.NOW, end, false, Issued.SIGNATURES, NAME)
                .pem(BETWEEN)));
        verdict(URL);
        runTasks();
        assertEquals(Verdict.SIGNED, verdict(URL));
        clock.now = end.plusSeconds(1);
        source = url -> Optional.of(Provider.bytes(LEAF.pem(BETWEEN)));
        for (int i = 0; i < 100; i++) {
            verdict(URL + "-" + i);
        }
        assertEquals(Verdict.UNDECIDED, verdict(URL));
        tasksOfPayPals.remove().run();
        assertEquals(Verdict.SIGNED, verdict(URL));
    }

    @Test
    void one_that_was_paypals_before_and_is_not_there_is_asked_once_a_minute_as_any_other() {
        source = url -> Optional.empty();
        for (int i = 0; i < 10; i++) {
            certificates.recall(URL);
            runTasks();
        }
        assertEquals(Verdict.UNSIGNED, verdict(URL));
        assertEquals(1, fetched.size());
        assertTrue(tasks.isEmpty());
    }

    @Test
    void what_is_known_stays_known_whatever_strangers_ask_for() {
        verdict(URL);
        runTasks();
        source = url -> Optional.empty();
        for (int i = 0; i < 2000; i++) {
            clock.now = Provider.NOW.plusSeconds(i * 61L % 100_000);
            verdict(URL + "-" + i);
            runTasks();
        }
        assertEquals(Verdict.SIGNED, verdict(URL));
        assertEquals(2001, fetched.size());
    }

    @Test
    void one_that_finds_no_place_to_wait_may_come_again() {
        executor = task -> {
            throw new RejectedExecutionException();
        };
        for (int i = 0; i < 100; i++) {
            assertEquals(Verdict.UNDECIDED, verdict(URL));
        }
        executor = tasks::add;
        assertEquals(Verdict.UNDECIDED, verdict(URL));
        runTasks();
        assertEquals(Verdict.SIGNED, verdict(URL));
    }

    @Test
    void the_own_thread_takes_one_and_lets_eight_wait() throws Exception {
        Executor own = PayPalCertificates.ownThread("test");
        var running = new CountDownLatch(1);
        var end = new CountDownLatch(1);
        var ended = new CountDownLatch(9);
        own.execute(() -> {
            assertTrue(Thread.currentThread().isDaemon());
            running.countDown();
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            ended.countDown();
        });
        running.await();
        for (int i = 0; i < 8; i++) {
            own.execute(ended::countDown);
        }
        assertThrows(RejectedExecutionException.class, () -> own.execute(() -> {}));
        end.countDown();
        ended.await();
    }

    @Test
    void what_is_missing_on_the_way_to_a_root_is_named() {
        assertEquals(
                "Its way to a root ends at \"CN=Between\", which was not sent and is not trusted. If that issuer is right, add its "
                        + "certificate to trusted-certificates",
                refusal(LEAF.pem()));
        Issued stranger = Issued.root("Somebody", KEYS);
        Issued authority = stranger.authority("Authority", KEYS);
        assertTrue(refusal(authority.leaf(KEYS, NAME).pem(authority)).contains("ends at \"CN=Somebody\""));
        // Its issuer is there by name, but it is another one; and a way that goes round ends.
        assertFalse(refusal(Issued.root("Root", KEYS).leaf(KEYS, NAME).pem()).contains("ends at"));
        Issued self = Issued.root(NAME, KEYS);
        assertFalse(refusal(self.pem()).contains("ends at"));
    }

    private static String refusal(String pem) {
        return String.valueOf(
                assertThrows(GeneralSecurityException.class, () -> trust.leaf(Provider.bytes(pem), Provider.NOW))
                        .getMessage());
    }

    @Test
    void an_issuer_between_may_be_trusted_by_itself() throws Exception {
        PayPalTrust between =
                PayPalTrust.of(trusting(Files.writeString(directory.resolve("between.pem"), BETWEEN.pem())));
        assertNotNull(between.leaf(Provider.bytes(LEAF.pem()), Provider.NOW));
    }

    @Test
    void a_file_without_certificates_ends_the_start() throws Exception {
        Path empty = Files.writeString(directory.resolve("empty.pem"), "");
        Path wrong = Files.writeString(directory.resolve("wrong.pem"), "not a certificate");
        for (Path file : List.of(empty, wrong, directory.resolve("missing.pem"), directory)) {
            var e = assertThrows(ConfigurationException.class, () -> PayPalTrust.of(trusting(file)));
            assertEquals(
                    "tallyhook.sources.test.trusted-certificates must name a file of certificates (PEM) that can be read",
                    e.getMessage());
        }
    }

    @Test
    void without_a_file_what_the_jvm_trusts_is_trusted() {
        PayPalTrust jvms = PayPalTrust.of(Provider.context(Map.of(), Clock.fixed(Provider.NOW, ZoneOffset.UTC)));
        assertNotNull(jvms);
        assertThrows(
                GeneralSecurityException.class, () -> jvms.leaf(Provider.bytes(LEAF.pem(BETWEEN, ROOT)), Provider.NOW));
    }
}
