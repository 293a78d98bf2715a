package dev.tallyhook.delivery;

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Tells the courier which endpoints have something new, and wakes it. */
final class Nudge {

    private Set<String> endpoints = new HashSet<>();

    /** Work came to be that is for nobody in particular. */
    private boolean awake;

    synchronized void give(Collection<String> toTell) {
        endpoints.addAll(toTell);
        notifyAll();
    }

    synchronized void wake() {
        awake = true;
        notifyAll();
    }

    /**
     * Those that have something new since this was asked last, as soon as there are any.
     *
     * @return none if nobody came for so long, or for {@link #wake}
     */
    synchronized Set<String> take(long millisMax) throws InterruptedException {
        long until =
                System.nanoTime() + Duration.ofMillis(Math.max(millisMax, 1)).toNanos();
        for (long left = until - System.nanoTime();
                left > 0 && endpoints.isEmpty() && !awake;
                left = until - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        awake = false;
        Set<String> taken = endpoints;
        endpoints = new HashSet<>();
        return taken;
    }
}
