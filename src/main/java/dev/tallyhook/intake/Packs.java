package dev.tallyhook.intake;

import dev.tallyhook.transaction.RawRequest;

/** Puts requests into the pack that is open, and begins the next one when that is closed. For threads side by side. */
final class Packs {

    private Pack open = new Pack();

    /** Whoever is refused afterwards stays in the pack: who takes others out of it, passes by. One that is large is compressed already. */
    void add(RawDelivery raw) {
        RawRequest request = raw.request();
        if (request != null) {
            add(raw, request);
        }
    }

    private synchronized void add(RawDelivery raw, RawRequest request) {
        int place = open.add(request);
        while (place == Pack.NO_PLACE) {
            open = new Pack();
            place = open.add(request);
        }
        raw.isPacked(open, place);
    }
}
