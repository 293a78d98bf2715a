package dev.tallyhook.intake;

import static java.util.stream.Collectors.groupingBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** The requests that brought a group's events, put together for rows of their own, and in which row each is. */
final class KeptRequests {

    private final List<byte[]> compressed = new ArrayList<>();

    /** Of the rows, from 1. */
    private final Map<Pack, Integer> numbers = new HashMap<>();

    private KeptRequests() {}

    /** Of all the events among these. */
    static KeptRequests of(List<Webhook> webhooks) {
        Set<RawDelivery> deliveries = new LinkedHashSet<>();
        for (Webhook webhook : webhooks) {
            EventRow event = webhook.event();
            if (event != null) {
                deliveries.add(event.raw());
            }
        }
        repackStragglers(deliveries);
        var requests = new KeptRequests();
        deliveries.forEach(requests::add);
        return requests;
    }

    /**
     * A pack that is mostly another group's is not written again: the few requests that came just as it was closed get a pack of their
     * own, and so does whatever has none.
     */
    private static void repackStragglers(Set<RawDelivery> deliveries) {
        var packs = new Packs();
        deliveries.stream()
                .collect(groupingBy(raw -> Optional.ofNullable(raw.pack())))
                .forEach((pack, members) -> {
                    if (pack.filter(whole -> whole.closeFor(members.size())).isEmpty()) {
                        members.forEach(packs::add);
                    }
                });
    }

    private void add(RawDelivery raw) {
        Pack pack = pack(raw);
        if (numbers.putIfAbsent(pack, compressed.size() + 1) == null) {
            compressed.add(pack.close());
        }
    }

    private static Pack pack(RawDelivery raw) {
        return Objects.requireNonNull(raw.pack(), "is not packed");
    }

    /** One for each row. */
    byte[][] compressed() {
        return compressed.toArray(byte[][]::new);
    }

    /** In which of them it is, from 1. */
    int number(RawDelivery raw) {
        return Objects.requireNonNull(numbers.get(pack(raw)), "a request of another group");
    }
}
