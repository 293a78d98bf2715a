package dev.tallyhook;

import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URL;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Holds every name in the rules, the dashboard and the runbook to what the service exports, even before it has counted. */
@QuarkusTest
@TestProfile(ReadersKnown.class) // With a named sender, whose metrics have its name.
class DeployedNamesTest {

    private static final Pattern SAMPLE = Pattern.compile("(?m)^(\\w+)(?:\\{(.*?)})? \\S+.*$");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");

    /** What Prometheus adds to each sample, and what it makes itself. */
    private static final Set<String> TARGET_LABELS = Set.of("job", "instance");

    /** An alert has the labels of what it is about besides. */
    private static final Map<String, Set<String>> PROMETHEUS_ITSELF =
            Map.of("up", Set.of(), "ALERTS", Set.of("alertname", "alertstate", "datasource", "table"));

    /** What is exported only of what there is: an endpoint has one once something waits for it. */
    private static final Map<String, Set<String>> COUNTED_LATER =
            Map.of("tallyhook_endpoint_waiting", Set.of("endpoint"));

    /** Their values come with requests. */
    private static final Set<String> LABELS_OF_REQUESTS = Set.of("uri", "status", "method");

    private static final Pattern COUNTED = Pattern.compile("(?m)^tallyhook_dead_letters(\\{[^}]*})? \\d");

    @TestHTTPResource(value = "/metrics", management = true)
    URL metrics;

    /** By metric and label, the values. */
    private final Map<String, Map<String, Set<String>>> exported = new HashMap<>();

    @BeforeEach
    void scrape() {
        // Reads are only counted, and exported, once there was one.
        given().auth()
                .oauth2(ReadersKnown.READER)
                .get("/v1/transactions/unknown")
                .then()
                .statusCode(404);
        // Queues are counted for the first time a second after the start.
        String text = await().until(
                        () -> given().get(metrics)
                                .then()
                                .statusCode(200)
                                .extract()
                                .asString(),
                        scraped -> COUNTED.matcher(scraped).find());
        SAMPLE.matcher(text).results().forEach(sample -> {
            var labels = exported.computeIfAbsent(sample.group(1), name -> new HashMap<>());
            if (sample.group(2) != null) {
                LABEL.matcher(sample.group(2)).results().forEach(label -> labels.computeIfAbsent(
                                label.group(1), name -> new HashSet<>())
                        .add(label.group(2)));
            }
        });
    }

    @Test
    void alerts_name_what_is_exported() {
        assertExported(Deployed.alertExpressions());
    }

    @Test
    void tests_of_alerts_name_what_is_exported() {
        assertExported(Deployed.ruleTests().findValuesAsText("series"));
        assertExported(Deployed.ruleTests().findValuesAsText("expr"));
    }

    @Test
    void the_dashboard_names_what_is_exported() {
        assertExported(Deployed.dashboardExpressions());
    }

    @Test
    void the_runbook_names_what_is_exported() {
        assertExported(Deployed.runbookExpressions());
    }

    private void assertExported(List<String> expressions) {
        assertTrue(expressions.size() > 10, "these are read: " + expressions);
        Set<String> unknown = new TreeSet<>();
        expressions.forEach(expression -> unknown.addAll(unknownIn(expression)));
        assertEquals(Set.of(), unknown);
    }

    private Set<String> unknownIn(String expression) {
        var query = PromQl.of(expression);
        Set<String> unknown = new TreeSet<>(query.metrics());
        unknown.removeIf(this::isKnown);
        if (unknown.isEmpty()) {
            query.groupedBy().stream()
                    .filter(label -> query.metrics().stream().noneMatch(metric -> hasLabel(metric, label)))
                    .forEach(label -> unknown.add(label + " in " + expression));
            query.matchers().forEach(matcher -> unknown.addAll(unknownIn(matcher)));
        }
        return unknown;
    }

    private Set<String> unknownIn(PromQl.Matcher matcher) {
        if (!hasLabel(matcher.metric(), matcher.label())) {
            return Set.of(matcher.metric() + " by " + matcher.label());
        }
        if (isOutsiders(matcher.metric(), matcher.label())) {
            return Set.of();
        }
        Set<String> unknown = new TreeSet<>();
        Set<String> values = exported.get(matcher.metric()).get(matcher.label());
        matcher.values().stream()
                .filter(value -> !values.contains(value))
                .forEach(value -> unknown.add(matcher.metric() + " " + matcher.label() + "=" + value));
        return unknown;
    }

    private static boolean isOutsiders(String metric, String label) {
        return TARGET_LABELS.contains(label)
                || PROMETHEUS_ITSELF.containsKey(metric)
                || LABELS_OF_REQUESTS.contains(label);
    }

    private boolean isKnown(String metric) {
        return exported.containsKey(metric)
                || PROMETHEUS_ITSELF.containsKey(metric)
                || COUNTED_LATER.containsKey(metric);
    }

    private boolean hasLabel(String metric, String label) {
        return TARGET_LABELS.contains(label)
                || PROMETHEUS_ITSELF.getOrDefault(metric, Set.of()).contains(label)
                || COUNTED_LATER.getOrDefault(metric, Set.of()).contains(label)
                || exported.getOrDefault(metric, Map.of()).containsKey(label);
    }
}
