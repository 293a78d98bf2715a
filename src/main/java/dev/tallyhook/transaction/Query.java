package dev.tallyhook.transaction;

import dev.tallyhook.problem.ProblemException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a URL's query, in its order, decoded strictly. Only {@code &} stands between two of them: the framework also
 * takes a semicolon for that, which an id may have.
 */
final class Query {

    private Query() {}

    /**
     * Reads them.
     *
     * @param query as it came, without its question mark; null if there is none
     * @throws ProblemException 400 if it is not percent-encoded UTF-8
     */
    static Map<String, List<String>> read(@Nullable String query) {
        Map<String, List<String>> parameters = new LinkedHashMap<>();
        for (String parameter : query == null ? new String[0] : query.split("&", -1)) {
            if (!parameter.isEmpty()) {
                String[] parts = parameter.split("=", 2);
                parameters
                        .computeIfAbsent(decoded(parts[0]), name -> new ArrayList<>())
                        .add(parts.length == 1 ? "" : decoded(parts[1]));
            }
        }
        return parameters;
    }

    private static String decoded(String encoded) {
        return PercentEncoding.decodeOfQuery(encoded)
                .orElseThrow(() -> ProblemException.badRequest("The query must be percent-encoded UTF-8"));
    }

    /** Writes them in one way, however they came. */
    static String write(Map<String, List<String>> parameters) {
        return parameters.entrySet().stream()
                .flatMap(parameter -> parameter.getValue().stream()
                        .map(value -> PercentEncoding.encode(parameter.getKey()) + "=" + PercentEncoding.encode(value)))
                .collect(Collectors.joining("&"));
    }
}
