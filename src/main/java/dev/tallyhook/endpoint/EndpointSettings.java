package dev.tallyhook.endpoint;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where an endpoint is, and what it is told of: all that can be changed about it but its state. Whether that is right is for
 * {@link EndpointRules} to say.
 *
 * @param events by the types of their messages
 * @param sources what is named is told of, here and below; null if all is
 * @param amountMin what is smaller is not told of, whatever its currency; null if all is
 */
record EndpointSettings(
        String url,
        @Nullable String description,
        List<String> events,
        @Nullable List<String> sources,
        @Nullable List<String> types,
        @Nullable List<String> currencies,
        @Nullable List<String> accounts,
        @Nullable BigDecimal amountMin) {

    /** Of an endpoint that does not say. */
    static final List<String> EVENTS_DEFAULT = List.of(EventKind.PROCESSED.type());

    /** The names of what another one has otherwise. */
    List<String> changedIn(EndpointSettings other) {
        List<String> changed = new ArrayList<>();
        compare("url", url, other.url, changed);
        compare("description", description, other.description, changed);
        compare("events", events, other.events, changed);
        compare("sources", sources, other.sources, changed);
        compare("types", types, other.types, changed);
        compare("currencies", currencies, other.currencies, changed);
        compare("accounts", accounts, other.accounts, changed);
        // Whatever its trailing zeros are.
        compare("amount_min", plain(amountMin), plain(other.amountMin), changed);
        return changed;
    }

    private static @Nullable BigDecimal plain(@Nullable BigDecimal amount) {
        return amount == null ? null : amount.stripTrailingZeros();
    }

    private static void compare(String name, @Nullable Object before, @Nullable Object after, List<String> changed) {
        if (!Objects.equals(before, after)) {
            changed.add(name);
        }
    }

    /** The URL as it may be logged and shown to who only reads: what is behind its question mark may be a secret. */
    static String withoutQuery(String url) {
        int query = url.indexOf('?');
        return query < 0 ? url : url.substring(0, query) + "?***";
    }
}
