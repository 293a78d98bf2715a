package dev.tallyhook.delivery;

import java.util.function.Consumer;

/** Sends messages over HTTP. */
interface Sender {

    /**
     * Sends it once, and says what came of it, in whatever way it went wrong: nothing is thrown. Does not block.
     *
     * @param then is called exactly once, on any thread, {@code tallyhook.telling.timeout} and a second later at most; must not block
     */
    void send(OutgoingRequest request, Consumer<Attempt> then);
}
