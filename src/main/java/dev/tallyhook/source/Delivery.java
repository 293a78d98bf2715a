package dev.tallyhook.source;

import io.vertx.core.MultiMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One request of a sender, as it came.
 *
 * @param query of its URL, as it came and without the question mark; null if there is none
 * @param body every byte of it
 */
public record Delivery(MultiMap headers, @Nullable String query, byte[] body) {

    /** The header's value; empty if it is missing or came more than once, because then nobody knows which one was meant. */
    public String header(String name) {
        List<String> values = headers.getAll(name);
        return values.size() == 1 ? values.get(0) : "";
    }

    /** Says how much, never what. */
    @Override
    public String toString() {
        return "Delivery[" + body.length + " bytes]";
    }
}
