package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Verdict;
import io.quarkus.logging.Log;
import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The certificates that PayPal signs with, by their addresses. They are fetched by a thread of their own, one after the other, while
 * whoever asks is told to come again. Anybody can ask, so whatever is waited for, remembered and fetched is bounded, and an address at
 * which there is none is not asked again for a minute. While strangers make addresses up, a certificate that is new may take its time;
 * those that are known stay known, and PayPal sends again for three days.
 */
final class PayPalCertificates {

    /** PayPal signs with one at a time, and live and sandbox have their own. */
    private static final int KNOWN_MAX = 16;

    private static final int FAILURES_MAX = 256;
    private static final int WAITING_MAX = 8;

    /** How often addresses that nobody has heard of may be asked in a minute; strangers can make up any number of them. */
    private static final int FETCHES_MAX = 60;

    private static final Duration MINUTE = Duration.ofMinutes(1);

    /**
     * What is known of an address.
     *
     * @param certificate is there if the verdict is that it is signed, and then only
     */
    record Known(Verdict verdict, @Nullable X509Certificate certificate) {}

    private record Failure(Verdict verdict, Instant at) {}

    private final CertificateSource source;
    private final PayPalTrust trust;
    private final Clock clock;
    private final Executor executor;

    private final Map<String, X509Certificate> certificates = new Recent<>(KNOWN_MAX);
    private final Map<String, Failure> failures = new Recent<>(FAILURES_MAX);
    private final Set<String> underWay = new HashSet<>();
    private Instant countedSince = Instant.MIN;
    private int fetches;

    PayPalCertificates(CertificateSource source, PayPalTrust trust, Clock clock, Executor executor) {
        this.source = source;
        this.trust = trust;
        this.clock = clock;
        this.executor = executor;
    }

    /** One thread, which does not keep the service from ending, and is there only while there is something to fetch. */
    static Executor ownThread(String name) {
        var executor =
                new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING_MAX), task -> {
                    Thread thread = new Thread(task, "certificates of " + name);
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    /** What is known of that address. It does not wait; what is not known yet is being fetched when it returns, unless there is too much to fetch. */
    Known at(String url) {
        synchronized (this) {
            Instant now = clock.instant();
            X509Certificate certificate = certificates.get(url);
            if (certificate != null && PayPalTrust.isValid(certificate, now)) {
                return new Known(Verdict.SIGNED, certificate);
            }
            Failure failure = failures.get(url);
            if (failure != null && isWithinAMinute(failure.at(), now)) {
                return new Known(failure.verdict(), null);
            }
            if (underWay.contains(url) || !mayFetch(now)) {
                return new Known(Verdict.UNDECIDED, null);
            }
            underWay.add(url);
        }
        try {
            executor.execute(() -> fetch(url));
        } catch (RejectedExecutionException full) {
            giveUp(url);
        }
        return new Known(Verdict.UNDECIDED, null);
    }

    /** On both sides, because a clock may be set back. */
    private static boolean isWithinAMinute(Instant then, Instant now) {
        return Duration.between(then, now).abs().compareTo(MINUTE) < 0;
    }

    private boolean mayFetch(Instant now) {
        if (!isWithinAMinute(countedSince, now)) {
            countedSince = now;
            fetches = 0;
        }
        fetches++;
        return fetches <= FETCHES_MAX;
    }

    private void fetch(String url) {
        X509Certificate leaf = null;
        Verdict otherwise = Verdict.UNDECIDED;
        try {
            Optional<byte[]> pem = source.fetch(URI.create(url));
            if (pem.isPresent()) {
                leaf = trust.leaf(pem.get(), clock.instant());
                Log.infof("%s is a certificate that PayPal signs with", url);
            } else {
                Log.debugf("%s is no certificate", url);
                otherwise = Verdict.UNSIGNED;
            }
        } catch (IOException unreachable) {
            Log.warnf("%s could not be fetched: %s. PayPal is asked to send again", url, unreachable.getMessage());
        } catch (GeneralSecurityException | RuntimeException wrong) {
            Log.warnf("%s is no certificate that PayPal signs with: %s", url, wrong.getMessage());
            otherwise = Verdict.UNSIGNED;
        } catch (InterruptedException ending) {
            Thread.currentThread().interrupt();
        } finally {
            end(url, leaf, otherwise);
        }
    }

    private synchronized void giveUp(String url) {
        underWay.remove(url);
        fetches--;
    }

    private synchronized void end(String url, @Nullable X509Certificate leaf, Verdict otherwise) {
        underWay.remove(url);
        if (leaf != null) {
            certificates.put(url, leaf);
            failures.remove(url);
        } else {
            failures.put(url, new Failure(otherwise, clock.instant()));
        }
    }

    /** Forgets the one that was asked for longest ago. */
    private static final class Recent<V> extends LinkedHashMap<String, V> {

        private static final long serialVersionUID = 1;

        private final int max;

        Recent(int max) {
            super(16, 0.75f, true);
            this.max = max;
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
            return size() > max;
        }
    }
}
