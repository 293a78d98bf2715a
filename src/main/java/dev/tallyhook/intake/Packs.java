package dev.tallyhook.intake;

import dev.tallyhook.transaction.RawRequest;
import org.jspecify.annotations.Nullable;

/** Puts requests into the pack that is open, and begins the next one when that is closed. For threads side by side, which take turns. */
final class Packs {

    /** Begun with the first request: each takes memory that no heap shows, until it is closed. */
    private @Nullable Pack open;

    /**
     * Adds a request, unless it is so large that it is compressed already. One whose sender is refused later stays in its pack; whoever
     * reads others of that pack skips it.
     */
    void add(RawDelivery raw) {
        RawRequest request = raw.request();
        if (request != null) {
            add(raw, request);
        }
    }

    private synchronized void add(RawDelivery raw, RawRequest request) {
        Pack pack = open;
        int place = pack == null ? Pack.NO_PLACE : pack.add(request);
        if (pack == null || place == Pack.NO_PLACE) {
            pack = new Pack();
            open = pack;
            place = pack.add(request);
        }
        raw.isPacked(pack, place);
    }
}
