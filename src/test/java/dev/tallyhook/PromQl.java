package dev.tallyhook;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The names in a PromQL expression: enough of the language to hold them against what the service exports.
 *
 * @param metrics every metric that is read
 * @param matchers every label that is compared, with the values it is compared to
 * @param groupedBy every label that results are grouped or matched by
 */
record PromQl(Set<String> metrics, List<Matcher> matchers, Set<String> groupedBy) {

    private static final Pattern STRING = Pattern.compile("\"[^\"]*\"");
    private static final Pattern SELECTOR = Pattern.compile("(\\w+)\\{([^}]*)}");
    private static final Pattern MATCHER = Pattern.compile("(\\w+)\\s*(?:=~|!~|!=|=)\\s*\"([^\"]*)\"");
    private static final Pattern GROUPING = Pattern.compile("\\b(?:by|on|without|ignoring)\\s*\\(([^)]*)\\)");
    private static final Pattern RANGE = Pattern.compile("\\[[^]]*]");
    private static final Pattern NAME = Pattern.compile("(?<![\\w.])[a-zA-Z_:][\\w:]*(?!\\w*\\s*\\()(?![\\w:])");

    /** Grafana's own function: it reads a metric, and gives the values of one of its labels. */
    private static final Pattern LABEL_VALUES = Pattern.compile("label_values\\((.*), (\\w+)\\)");

    private static final Set<String> OPERATORS = Set.of("and", "or", "unless", "bool", "offset");

    /**
     * A label as one metric's selector names it.
     *
     * @param values the alternatives, if it is a regular expression
     */
    record Matcher(String metric, String label, List<String> values) {}

    static PromQl of(String expression) {
        String query = LABEL_VALUES.matcher(expression).replaceAll("sum by ($2) ($1)");
        String rest = SELECTOR.matcher(query).replaceAll("$1");
        Set<String> groupedBy = GROUPING.matcher(rest)
                .results()
                .flatMap(found -> Pattern.compile("\\s*,\\s*")
                        .splitAsStream(found.group(1).strip()))
                .collect(Collectors.toCollection(LinkedHashSet::new));
        rest = RANGE.matcher(GROUPING.matcher(rest).replaceAll("")).replaceAll("");
        Set<String> metrics = NAME.matcher(rest)
                .results()
                .map(MatchResult::group)
                .filter(name -> !OPERATORS.contains(name))
                .collect(Collectors.toCollection(LinkedHashSet::new));
        return new PromQl(metrics, matchers(query), groupedBy);
    }

    private static List<Matcher> matchers(String query) {
        List<Matcher> matchers = new ArrayList<>();
        SELECTOR.matcher(query).results().forEach(selector -> MATCHER.matcher(selector.group(2))
                .results()
                .forEach(found -> matchers.add(new Matcher(
                        selector.group(1),
                        found.group(1),
                        List.of(found.group(2).split("\\|", -1))))));
        return matchers;
    }

    /** Whether every bracket that is opened is closed, in its order. */
    static boolean isBalanced(String expression) {
        List<Character> open = new ArrayList<>();
        for (char c : STRING.matcher(expression).replaceAll("").toCharArray()) {
            int closing = ")]}".indexOf(c);
            if ("([{".indexOf(c) >= 0) {
                open.add(c);
            } else if (closing >= 0 && (open.isEmpty() || open.remove(open.size() - 1) != "([{".charAt(closing))) {
                return false;
            }
        }
        return open.isEmpty();
    }
}
