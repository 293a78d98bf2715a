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
 * The certificates that PayPal signs with, by their addresses. They are fetched by threads of their own, one after the other, while
 * whoever asks is told to come again. Anybody can ask, so whatever is waited for, remembered and fetched is bounded, and an address at
 * which there is none is not asked again for a minute.
 *
 * <p>Strangers can make up any number of addresses. An address that has been PayPal's before, by what this replica has seen or the ledger
 * keeps, is fetched all the same, by a thread that no stranger keeps busy. One that is quite new shares with theirs, a second at a time:
 * whoever comes first in a second is fetched, so that PayPal, which sends again for three days, gets its turn.
 */
final class PayPalCertificates {

    /** PayPal signs with one at a time, and live and sandbox have their own. */
    private static final int PAYPALS_MAX = 16;

    private static final int FAILURES_MAX = 256;
    private static final int WAITING_MAX = 8;

    /** So many addresses that nobody has heard of may be asked at once, and one more each second. */
    private static final int FETCHES_MAX = WAITING_MAX;

    private static final Duration MINUTE = Duration.ofMinutes(1);

    /**
     * What is known of an address when it is looked up.
     *
     * @param certificate is there if the verdict is that it is signed, and then only
     */
    record Lookup(Verdict verdict, @Nullable X509Certificate certificate) {}

    private record Failure(Verdict verdict, Instant at) {}

    private final CertificateSource source;
    private final PayPalTrust trust;
    private final Clock clock;
    private final Executor forPayPals;
    private final Executor forNew;

    private final Map<String, X509Certificate> certificates = new Recent<>(PAYPALS_MAX);

    /** Addresses that have been PayPal's, whether or not their certificates are here and within their time. */
    private final Map<String, Boolean> werePayPals = new Recent<>(PAYPALS_MAX);

    private final Map<String, Failure> failures = new Recent<>(FAILURES_MAX);
    private final Set<String> underWay = new HashSet<>();
    private Instant countedAt = Instant.EPOCH;
    private int fetchesLeft;

    /**
     * With what is needed to fetch them.
     *
     * @param forPayPals runs what fetches those that were PayPal's before
     * @param forNew runs what fetches all others
     */
    PayPalCertificates(CertificateSource source, PayPalTrust trust, Clock clock, Executor forPayPals, Executor forNew) {
        this.source = source;
        this.trust = trust;
        this.clock = clock;
        this.forPayPals = forPayPals;
        this.forNew = forNew;
    }

    /** Fetched by threads of their own. */
    static PayPalCertificates of(String name, PayPalTrust trust, Clock clock) {
        return new PayPalCertificates(
                new CertificateDownload(CertificateDownload.WITHIN), trust, clock, ownThread(name), ownThread(name));
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
    Lookup at(String url) {
        Executor executor;
        synchronized (this) {
            Instant now = clock.instant();
            X509Certificate certificate = certificates.get(url);
            if (certificate != null && PayPalTrust.isValid(certificate, now)) {
                return new Lookup(Verdict.SIGNED, certificate);
            }
            Failure failure = failures.get(url);
            if (failure != null && isWithinAMinute(failure.at(), now)) {
                return new Lookup(failure.verdict(), null);
            }
            boolean wasPayPals = werePayPals.containsKey(url);
            if (underWay.contains(url) || (!wasPayPals && !mayFetch(now))) {
                return new Lookup(Verdict.UNDECIDED, null);
            }
            executor = wasPayPals ? forPayPals : forNew;
            underWay.add(url);
        }
        try {
            executor.execute(() -> fetch(url));
        } catch (RejectedExecutionException full) {
            giveUp(url);
        }
        return new Lookup(Verdict.UNDECIDED, null);
    }

    /** This address was PayPal's before: a delivery has been found to be signed with what is there. */
    void recall(String url) {
        synchronized (this) {
            werePayPals.put(url, true);
        }
        at(url);
    }

    /** On both sides, because a clock may be set back. */
    private static boolean isWithinAMinute(Instant then, Instant now) {
        return Duration.between(then, now).abs().compareTo(MINUTE) < 0;
    }

    private boolean mayFetch(Instant now) {
        long seconds = Math.abs(Duration.between(countedAt, now).toSeconds());
        if (seconds > 0) {
            countedAt = now;
            fetchesLeft = (int) Math.min(FETCHES_MAX, fetchesLeft + seconds);
        }
        if (fetchesLeft == 0) {
            return false;
        }
        fetchesLeft--;
        return true;
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
        fetchesLeft += werePayPals.containsKey(url) ? 0 : 1;
    }

    private synchronized void end(String url, @Nullable X509Certificate leaf, Verdict otherwise) {
        underWay.remove(url);
        if (leaf != null) {
            certificates.put(url, leaf);
            werePayPals.put(url, true);
            failures.remove(url);
        } else {
            failures.put(url, new Failure(otherwise, clock.instant()));
        }
    }
}
