package dev.tallyhook.chaos;

import java.util.concurrent.TimeUnit;

/**
 * Something that goes wrong.
 *
 * @param takesAllAway whether while it lasts nobody can finish anything
 * @param strike does it, and returns when it is over
 * @param mend brings back what it cost, while the rest is at work again
 */
record Fault(String name, boolean takesAllAway, Action strike, Action mend) {

    interface Action {
        void run() throws Exception;
    }

    /** A fault that costs nothing that would have to be brought back. */
    static Fault passing(String name, Action strike) {
        return new Fault(name, false, strike, () -> {});
    }

    /** One during which there is no database, for any replica. */
    static Fault outage(String name, Action strike) {
        return new Fault(name, true, strike, () -> {});
    }

    /** Strikes, waits until every replica accepts webhooks again and all is as before, and tells what was when. */
    Strike strike(History history) throws Exception {
        long struck = History.now();
        strike.run();
        long lifted = History.now();
        var accepted = history.nextAccepted();
        mend.run();
        long mended = History.now();
        var acceptedByEach = history.nextAcceptedByEach();
        long first = accepted.get(Traffic.END_MAX.toSeconds(), TimeUnit.SECONDS);
        long last = acceptedByEach.get(Traffic.END_MAX.toSeconds(), TimeUnit.SECONDS);
        return new Strike(
                name,
                struck,
                lifted,
                History.now(),
                first - lifted,
                last - mended,
                takesAllAway ? first + Strike.SETTLING_MICROS : 0);
    }
}
