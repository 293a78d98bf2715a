package dev.tallyhook.delivery;

/** What beyond reading is asked of who asks. */
final class Rights {

    /** To change what endpoints are told, and to see what they answer. */
    static final String WRITE = "write";

    private Rights() {}
}
