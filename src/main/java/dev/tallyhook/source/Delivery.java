package dev.tallyhook.source;

import io.vertx.core.MultiMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One request of a sender, as it came. */
public final class Delivery {

    private final MultiMap headers;
    private final @Nullable String query;
    private final byte[] body;

    /**
     * Of these parts, which are not copied.
     *
     * @param query of its URL, as it came and without the question mark; null if there is none
     * @param body every byte of it
     */
    public Delivery(MultiMap headers, @Nullable String query, byte[] body) {
        this.headers = headers;
        this.query = query;
        this.body = body;
    }

    /** The header's value; empty if it is missing or came more than once, because then nobody knows which one was meant. */
    public String header(String name) {
        List<String> values = headers.getAll(name);
        return values.size() == 1 ? values.get(0) : "";
    }

    /**
     * The value of a header that has two names; empty if it is missing under both, came more than once under one of them, or is not the same
     * under both.
     */
    public String header(String name, String otherName) {
        List<String> values = headers.getAll(name);
        List<String> others = headers.getAll(otherName);
        List<String> said = values.isEmpty() ? others : values;
        boolean clear = said.size() == 1 && (others.isEmpty() || others.equals(said));
        return clear ? said.get(0) : "";
    }

    /** The query of its URL, as it came. */
    public @Nullable String query() {
        return query;
    }

    /** Every byte of its body; not to be changed. */
    public byte[] body() {
        return body;
    }

    /** Says how much, never what. */
    @Override
    public String toString() {
        return "Delivery[" + body.length + " bytes]";
    }
}
