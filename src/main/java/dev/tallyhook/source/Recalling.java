package dev.tallyhook.source;

/** A scheme that learns from a delivery which was found to be signed before this start. */
public interface Recalling extends Scheme {

    /**
     * Called with the newest one that the ledger keeps, if there is one, on any thread.
     *
     * @param kept perhaps of another scheme, which the source had before
     */
    void recall(Delivery kept);
}
