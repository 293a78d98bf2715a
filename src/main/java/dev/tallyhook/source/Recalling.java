package dev.tallyhook.source;

/** What a {@link Scheme} is beside that if it learns from a delivery which was found to be signed before this start. */
public interface Recalling {

    /**
     * Called with the newest one that the ledger keeps, if there is one, on any thread.
     *
     * @param kept perhaps of another scheme, which the source had before
     */
    void recall(Delivery kept);
}
