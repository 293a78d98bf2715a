package dev.tallyhook.delivery;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * How many attempts may be under way at once, of all endpoints together. One that hangs gives its place to others, so that endpoints
 * which never answer cannot take them all; but of those that hang there may not be any number either.
 */
final class Places {

    /** So many times the places may be under way, counted with those that hang. */
    private static final int HANGING_FACTOR = 4;

    private final int max;
    private final AtomicInteger calls = new AtomicInteger();
    private int taken;
    private int underWay;

    /** Who found none, longest first: each is called once when there is one. */
    private final Set<Runnable> waiting = new LinkedHashSet<>();

    Places(int max) {
        this.max = max;
    }

    /**
     * Takes one, if there is one.
     *
     * @param whenFree is run once, if there is no place now, as soon as there is one
     */
    synchronized boolean take(Runnable whenFree) {
        if (isFull()) {
            waiting.add(whenFree);
            return false;
        }
        taken++;
        underWay++;
        return true;
    }

    /** One that holds a place hangs, and holds it no longer. */
    void hang() {
        synchronized (this) {
            taken--;
        }
        callNext();
    }

    /** One is over. */
    void leave(boolean hung) {
        synchronized (this) {
            taken -= hung ? 0 : 1;
            underWay--;
        }
        callNext();
    }

    /**
     * Calls who waits, as long as there is a place: one that is called may need none any more. Only one thread does so at a time, because
     * whoever is called may be over at once.
     */
    private void callNext() {
        if (calls.getAndIncrement() != 0) {
            return;
        }
        int seen = 1;
        do {
            for (Runnable next = next(); next != null; next = next()) {
                next.run();
            }
            seen = calls.addAndGet(-seen);
        } while (seen != 0);
    }

    private boolean isFull() {
        return taken >= max || underWay >= max * HANGING_FACTOR;
    }

    private synchronized @Nullable Runnable next() {
        var first = waiting.iterator();
        if (isFull() || !first.hasNext()) {
            return null;
        }
        Runnable next = first.next();
        first.remove();
        return next;
    }

    synchronized int underWay() {
        return underWay;
    }
}
