package dev.tallyhook.intake;

import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The requests that brought a group's events, put together for rows of their own, and where among them each is. */
final class KeptRequests {

    /**
     * Where a request is.
     *
     * @param number of the row, from 1
     * @param place in that row, from 0
     */
    private record Position(int number, int place) {}

    private final Map<RawDelivery, Position> positions = new HashMap<>();
    private final List<byte[]> compressed = new ArrayList<>();
    private final List<RawRequest> open = new ArrayList<>();
    private long openSize;

    private KeptRequests() {}

    /** Of all the events among these. */
    static KeptRequests of(List<Webhook> webhooks) {
        var requests = new KeptRequests();
        for (Webhook webhook : webhooks) {
            EventRow event = webhook.event();
            if (event != null && !requests.positions.containsKey(event.raw())) {
                requests.add(event.raw());
            }
        }
        requests.close();
        return requests;
    }

    private void add(RawDelivery raw) {
        if (openSize + raw.size() > RawRequests.SIZE_ENOUGH) {
            close();
        }
        positions.put(raw, new Position(compressed.size() + 1, open.size()));
        RawRequest request = raw.request();
        if (request == null) {
            compressed.add(Objects.requireNonNull(raw.alone(), "one or the other"));
        } else {
            open.add(request);
            openSize += raw.size();
        }
    }

    private void close() {
        if (!open.isEmpty()) {
            compressed.add(RawRequests.compress(open));
            open.clear();
            openSize = 0;
        }
    }

    /** One for each row. */
    byte[][] compressed() {
        return compressed.toArray(byte[][]::new);
    }

    /** In which of them it is, from 1. */
    int number(RawDelivery raw) {
        return position(raw).number();
    }

    /** Which one it is of those in its row, from 0. */
    int place(RawDelivery raw) {
        return position(raw).place();
    }

    private Position position(RawDelivery raw) {
        return Objects.requireNonNull(positions.get(raw), "a request of another group");
    }
}
