package dev.tallyhook.source.scheme;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A parameter of a URL's query, read strictly. */
final class QueryParameter {

    /** More than any provider sends. */
    private static final int PARAMETERS_MAX = 100;

    private QueryParameter() {}

    /**
     * The decoded value, or an empty string if there is none.
     *
     * @return null if nobody knows which one was meant: it comes twice, the query is malformed, or has too many parameters
     */
    static @Nullable String read(@Nullable String query, String name) {
        if (query == null) {
            return "";
        }
        String[] parameters = query.split("&", PARAMETERS_MAX + 1);
        if (parameters.length > PARAMETERS_MAX) {
            return null;
        }
        String found = null;
        for (String parameter : parameters) {
            String[] pair = parameter.split("=", 2);
            String key = decode(pair[0]);
            String value = pair.length == 2 ? decode(pair[1]) : "";
            if (key == null || value == null) {
                return null;
            }
            if (key.equals(name)) {
                if (found != null) {
                    return null;
                }
                found = value;
            }
        }
        return found == null ? "" : found;
    }

    private static @Nullable String decode(String encoded) {
        try {
            return URLDecoder.decode(encoded, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException malformed) {
            return null;
        }
    }
}
