package dev.tallyhook.problem;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Which methods a path of the API takes: RFC 9110 section 15.5.6 wants an {@code Allow} in every 405, and the framework's has none. A
 * test holds it to the document of the API.
 */
final class AllowedMethods {

    /** Of paths as they came, of which each part is one between two slashes. */
    private static final Map<Pattern, SortedSet<String>> OF_PATHS = Map.ofEntries(
            of("/", "GET"),
            of("/v1/(transactions|conflicts|sources|activity)", "GET"),
            of("/v1/transactions/[^/]+(/(raw|holds))?", "GET"),
            of("/v1/transactions/[^/]+/(hold|release)", "POST"),
            of("/v1/endpoints", "GET", "POST"),
            of("/v1/endpoints/[^/]+", "DELETE", "GET", "PATCH"),
            of("/v1/endpoints/[^/]+/(secret/rotate|test)", "POST"),
            of("/v1/endpoints/[^/]+/(attempts|dead-letters)", "GET"),
            of("/v1/endpoints/[^/]+/replays", "GET", "POST"),
            of("/v1/endpoints/[^/]+/replays/[^/]+", "DELETE", "GET"));

    private AllowedMethods() {}

    private static Map.Entry<Pattern, SortedSet<String>> of(String path, String... methods) {
        SortedSet<String> all = new TreeSet<>(List.of(methods));
        all.add("OPTIONS");
        if (all.contains("GET")) {
            all.add("HEAD");
        }
        return Map.entry(Pattern.compile(path), Collections.unmodifiableSortedSet(all));
    }

    /** In the order of the alphabet; none of a path that is none of the API's. */
    static Set<String> of(String rawPath) {
        return OF_PATHS.entrySet().stream()
                .filter(path -> path.getKey().matcher(rawPath).matches())
                .<Set<String>>map(Map.Entry::getValue)
                .findFirst()
                .orElse(Set.of());
    }
}
