package dev.tallyhook.intake;

import dev.tallyhook.source.Characters;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.transaction.RawRequest;
import dev.tallyhook.transaction.RawRequests;
import io.vertx.core.MultiMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A delivery, with what is kept of it. */
final class RawDelivery {

    /** Stands among the headers, and no header can be named so. */
    private static final String QUERY = ":query";

    private static final String CONTENT_TYPE = "content-type";

    /** Of a header, in characters: what is longer belongs to no signature. */
    private static final int HEADER_MAX = 8192;

    private final int size;
    private final @Nullable RawRequest request;
    private @Nullable Pack pack;
    private int place;

    private RawDelivery(RawRequest kept) {
        size = kept.size();
        boolean large = size >= RawRequests.SIZE_ENOUGH;
        request = large ? null : kept;
        if (large) {
            // At once, and with no other.
            pack = new Pack();
            place = pack.add(kept);
            pack.close();
        }
    }

    /** Makes one of what came, with the headers that its scheme wants kept. */
    static RawDelivery of(Delivery delivery, Scheme scheme) {
        SortedMap<String, String> kept = new TreeMap<>();
        keep(kept, CONTENT_TYPE, delivery.header(CONTENT_TYPE));
        scheme.headersToKeep().forEach(name -> keep(kept, name, delivery.header(name)));
        String query = delivery.query();
        keep(kept, QUERY, query == null ? "" : query);
        return new RawDelivery(RawRequest.of(kept, delivery.body()));
    }

    /**
     * HTTP allows no control character of ASCII in a value (RFC 9110 section 5.5); one that has some all the same is not worth keeping.
     * Bytes above those are, each as the character of its number.
     */
    private static void keep(Map<String, String> kept, String name, String value) {
        if (!value.isEmpty() && value.length() <= HEADER_MAX && Characters.all(value, RawDelivery::mayStand)) {
            kept.put(name, value);
        }
    }

    private static boolean mayStand(int character) {
        return character == '\t' || (character >= ' ' && character != 0x7F);
    }

    /** The delivery again, of what is kept of it. */
    static Delivery restore(RawRequest kept) {
        MultiMap headers = MultiMap.caseInsensitiveMultiMap();
        @Nullable String query = kept.headers().get(QUERY);
        kept.headers().forEach((name, value) -> {
            if (!name.equals(QUERY)) {
                headers.add(name, value);
            }
        });
        return new Delivery(headers, query, kept.body());
    }

    /** The same, in no pack; itself if it is so large that it has one of its own. */
    RawDelivery again() {
        return request == null ? this : new RawDelivery(request);
    }

    /** What is kept of it, to be compressed with others; null if it is so large that it has been already. */
    @Nullable
    RawRequest request() {
        return request;
    }

    /** It is being compressed with others. To be said before the writer sees it, or by the writer. */
    void isPacked(Pack in, int at) {
        pack = in;
        place = at;
    }

    /** Where it is compressed with others, or null if it is not. */
    @Nullable
    Pack pack() {
        return pack;
    }

    /** Its place in {@link #pack}, from 0. */
    int place() {
        return place;
    }

    /** Says how much, never what. */
    @Override
    public String toString() {
        return "RawDelivery[" + size + " bytes]";
    }
}
