package dev.tallyhook.delivery;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The addresses of a host: whether they may be connected to, and in which order they are to be tried. */
final class Addresses {

    /** A name with more is not tried at all of them. */
    private static final int TRIED_MAX = 8;

    private static final int REMEMBERED_MAX = 4096;

    /** An address that was not reached is tried after the others of its name for so long. */
    private static final long AVOIDED_NANOS = Duration.ofSeconds(30).toNanos();

    /**
     * What is known of a host.
     *
     * @param addresses all that may be connected to, in the order to try them; none if it failed
     * @param failure why there are none; null if there are some
     * @param why the same for people
     */
    record Answer(
            List<InetAddress> addresses,
            @Nullable Outcome failure,
            @Nullable String why) {

        static Answer failed(Outcome outcome, String why) {
            return new Answer(List.of(), outcome, why);
        }

        /** Whether another look may find something else at once. */
        boolean isForTheMoment() {
            return failure == Outcome.UNKNOWN_HOST || failure == Outcome.TIMED_OUT;
        }
    }

    private final Guard guard;
    private final LongSupplier nanoTime;
    private final Map<InetAddress, Long> avoided = new ConcurrentHashMap<>();

    Addresses(Guard guard, LongSupplier nanoTime) {
        this.guard = guard;
        this.nanoTime = nanoTime;
    }

    /** It could not be connected to. */
    void avoid(InetAddress address) {
        if (avoided.size() >= REMEMBERED_MAX) {
            avoided.clear();
        }
        avoided.put(address, nanoTime.getAsLong());
    }

    private boolean isAvoided(InetAddress address) {
        Long at = avoided.get(address);
        return at != null && nanoTime.getAsLong() - at < AVOIDED_NANOS;
    }

    /** What is known of a host that is an address itself, or cannot be a name; nothing if it is to be looked up. */
    Optional<Answer> withoutLookUp(String host) {
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        String text = bracketed ? host.substring(1, host.length() - 1) : host;
        boolean isIpv6 = text.indexOf(':') >= 0;
        Optional<InetAddress> literal = bracketed == isIpv6 ? Literals.address(text) : Optional.empty();
        if (literal.isPresent()) {
            return Optional.of(judged(literal.get()));
        }
        return bracketed || isIpv6 || Literals.endsInNumber(text)
                ? Optional.of(Answer.failed(
                        Outcome.FORBIDDEN, "an address must be written as 192.0.2.1 or [2001:db8::1] are"))
                : Optional.empty();
    }

    /** All of them must be allowed: which of them is connected to is chance, and what is refused must not be. */
    Answer judged(InetAddress... found) {
        List<InetAddress> addresses = Arrays.stream(found)
                .map(each -> Literals.of(each.getAddress()))
                .distinct()
                .toList();
        Optional<String> refusal = addresses.stream()
                .flatMap(address -> guard.refusal(address).stream())
                .findFirst();
        if (refusal.isPresent()) {
            return Answer.failed(Outcome.FORBIDDEN, refusal.get());
        }
        return addresses.isEmpty()
                ? Answer.failed(Outcome.UNKNOWN_HOST, "the name has no address")
                : new Answer(inOrder(addresses), null, null);
    }

    private List<InetAddress> inOrder(List<InetAddress> addresses) {
        Map<Boolean, List<InetAddress>> byAvoided =
                addresses.stream().collect(Collectors.partitioningBy(this::isAvoided));
        return byAvoided.values().stream() // False is the first.
                .flatMap(List::stream)
                .limit(TRIED_MAX)
                .toList();
    }
}
