package dev.tallyhook.intake;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.transaction.RawBody;
import io.vertx.core.MultiMap;
import org.jspecify.annotations.Nullable;

/** A request as its row keeps it: the body compressed (RFC 1951), and of the headers those that its scheme wants kept. */
final class RawDelivery {

    /** Stands in the place of a header, and no header can be named so. */
    private static final String QUERY = ":query";

    private static final String CONTENT_TYPE = "content-type";

    /** Of a header that is kept, in characters: what is longer belongs to no signature. */
    private static final int HEADER_MAX = 8192;

    final String headers;
    final byte[] body;

    private RawDelivery(String headers, byte[] body) {
        this.headers = headers;
        this.body = body;
    }

    /** Makes one of what came. */
    static RawDelivery of(Delivery delivery, Scheme scheme) {
        var kept = new StringBuilder();
        keep(kept, CONTENT_TYPE, delivery.header(CONTENT_TYPE));
        scheme.headersToKeep().forEach(name -> keep(kept, name, delivery.header(name)));
        String query = delivery.query();
        keep(kept, QUERY, query == null ? "" : query);
        return new RawDelivery(kept.toString(), RawBody.compress(delivery.body()));
    }

    /** HTTP allows no line break and no NUL in a value; one that has them all the same is not worth keeping. */
    private static void keep(StringBuilder kept, String name, String value) {
        if (!value.isEmpty() && value.length() <= HEADER_MAX && value.chars().noneMatch(Character::isISOControl)) {
            kept.append(name).append(": ").append(value).append('\n');
        }
    }

    /** The request again, of what its row keeps. */
    static Delivery restore(String headers, byte[] body) {
        MultiMap restored = MultiMap.caseInsensitiveMultiMap();
        headers.lines().forEach(line -> {
            String[] header = line.split(": ", 2);
            restored.add(header[0], header[1]);
        });
        @Nullable String query = restored.get(QUERY);
        restored.remove(QUERY);
        return new Delivery(restored, query, RawBody.decompress(body));
    }

    /** Says how much, never what. */
    @Override
    public String toString() {
        return "RawDelivery[" + body.length + " bytes]";
    }
}
