package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What Grafana would not say until somebody looks: ids, places, descriptions, legends and links of the dashboard. */
class GrafanaDashboardTest {

    private static final String DATASOURCE = "${datasource}";
    private static final Pattern LEGEND_LABEL = Pattern.compile("\\{\\{(\\w+)}}");
    private static final Pattern ANCHOR = Pattern.compile(".*/docs/runbook\\.md#(.+)");

    private final JsonNode dashboard = Deployed.dashboard();

    @Test
    void it_can_be_found_and_asks_for_its_data_source() {
        assertEquals("tallyhook", dashboard.get("uid").asText());
        assertTrue(dashboard.get("id").isNull(), "Grafana gives the id");
        assertFalse(dashboard.get("tags").isEmpty());
        assertEquals(
                Set.of("datasource", "job", "instance"),
                Set.copyOf(dashboard.at("/templating/list").findValuesAsText("name")));
        assertAll(Deployed.panels().stream()
                .map(panel -> () ->
                        assertEquals(DATASOURCE, panel.at("/datasource/uid").asText(), title(panel))));
    }

    @Test
    void no_id_of_a_panel_is_there_twice() {
        Set<Integer> ids = new HashSet<>();
        dashboard
                .get("panels")
                .forEach(panel -> assertTrue(ids.add(panel.get("id").asInt()), title(panel)));
    }

    @Test
    void no_panel_lies_over_another_or_beside_the_page() {
        Set<Integer> cells = new HashSet<>();
        for (var panel : dashboard.get("panels")) {
            var at = panel.get("gridPos");
            int right = at.get("x").asInt() + at.get("w").asInt();
            assertTrue(right <= 24, title(panel));
            for (int x = at.get("x").asInt(); x < right; x++) {
                for (int line = 0; line < at.get("h").asInt(); line++) {
                    assertTrue(cells.add((at.get("y").asInt() + line) * 24 + x), title(panel));
                }
            }
        }
    }

    @Test
    void each_panel_says_what_it_shows_and_in_which_unit() {
        assertAll(Deployed.panels().stream().map(panel -> () -> {
            assertTrue(panel.path("description").asText().length() > 10, title(panel));
            boolean hasUnit = panel.at("/fieldConfig/defaults").has("unit")
                    || panel.at("/options/yAxis").has("unit");
            assertTrue(hasUnit, title(panel));
        }));
    }

    @Test
    void each_query_reads_the_ledger_and_the_replicas_that_were_chosen() {
        assertAll(Deployed.panels().stream()
                .flatMap(panel -> panel.findValuesAsText("expr").stream())
                .map(query -> () -> {
                    assertTrue(PromQl.isBalanced(query), query);
                    var chosen = PromQl.of(query).matchers().stream()
                            .filter(matcher -> matcher.label().equals("job"))
                            .map(PromQl.Matcher::metric)
                            .collect(Collectors.toSet());
                    assertEquals(PromQl.of(query).metrics(), chosen, query);
                }));
    }

    @Test
    void a_legend_names_only_labels_that_the_query_leaves() {
        assertAll(dashboard.findParents("legendFormat").stream().map(target -> () -> {
            var query = target.get("expr").asText();
            LEGEND_LABEL
                    .matcher(target.get("legendFormat").asText())
                    .results()
                    .forEach(label -> assertTrue(PromQl.of(query).groupedBy().contains(label.group(1)), query));
        }));
    }

    @Test
    void each_link_leads_to_a_section_of_the_runbook() {
        Set<String> anchors = Deployed.texts(Deployed.alerts(), "alert").stream()
                .map(alert -> alert.toLowerCase(Locale.ROOT))
                .collect(Collectors.toSet());
        dashboard.findValuesAsText("url").forEach(url -> {
            var anchor = ANCHOR.matcher(url);
            assertTrue(
                    url.endsWith("/docs/runbook.md") || (anchor.matches() && anchors.contains(anchor.group(1))), url);
        });
    }

    private static String title(JsonNode panel) {
        return panel.path("title").asText();
    }
}
