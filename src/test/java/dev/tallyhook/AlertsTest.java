package dev.tallyhook;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Holds alerts, their tests and the runbook together: none is without the others. */
class AlertsTest {

    private static final String RUNBOOK = "https://github.com/tallyhook/tallyhook/blob/main/docs/runbook.md#";
    private static final Pattern SECTION =
            Pattern.compile("(?m)^## (Tallyhook\\w+)\\n(.*?)(?=^## |\\z)", Pattern.DOTALL);
    private static final Pattern HEADING = Pattern.compile("(?m)^## (.*)$");
    private static final Pattern LINK = Pattern.compile("\\]\\(#([^)]+)\\)");

    private final List<String> alerts = Deployed.texts(Deployed.alerts(), "alert");

    @Test
    void each_alert_has_a_section_in_the_runbook_and_each_section_an_alert() {
        var sections = SECTION.matcher(Deployed.runbook())
                .results()
                .map(section -> section.group(1))
                .toList();
        assertEquals(alerts, sections, "in the same order");
        assertEquals(alerts.size(), new HashSet<>(alerts).size(), "no name twice");
    }

    @Test
    void each_section_says_what_it_means_who_feels_it_how_to_look_what_to_do_and_when_it_is_over() {
        assertAll(SECTION.matcher(Deployed.runbook()).results().map(section -> () -> {
            for (String part : List.of("**Means**", "**Users feel**", "**Look**", "**Do**", "**Over**")) {
                assertTrue(section.group(2).contains(part), section.group(1) + ": " + part);
            }
        }));
    }

    @Test
    void each_link_within_the_runbook_leads_to_a_section() {
        Set<String> anchors = HEADING.matcher(Deployed.runbook())
                .results()
                .map(heading -> anchor(heading.group(1)))
                .collect(toSet());
        LINK.matcher(Deployed.runbook())
                .results()
                .forEach(link -> assertTrue(anchors.contains(link.group(1)), link.group()));
    }

    @Test
    void each_alert_says_how_grave_it_is_what_happens_and_where_to_read_on() {
        assertAll(Deployed.alerts().stream().map(alert -> () -> {
            String name = alert.get("alert").asText();
            var texts = alert.get("annotations");
            assertTrue(
                    Set.of("critical", "warning", "info")
                            .contains(alert.at("/labels/severity").asText()),
                    name);
            assertEquals(RUNBOOK + anchor(name), texts.path("runbook_url").asText());
            assertTrue(texts.path("summary").asText().length() > 10, name);
            assertTrue(texts.path("description").asText().length() > 50, name);
        }));
    }

    @Test
    void each_alert_is_tested_to_fire_and_not_to_fire() {
        var tests = Deployed.ruleTests().findParents("eval_time");
        assertAll(alerts.stream().map(alert -> () -> {
            var outcomes = tests.stream()
                    .filter(test -> test.get("expr").asText().contains("alertname=\"" + alert + "\""))
                    .map(test -> test.get("exp_samples").isEmpty())
                    .toList();
            assertTrue(outcomes.contains(true), alert + " does not fire");
            assertTrue(outcomes.contains(false), alert + " fires");
        }));
    }

    @Test
    void every_bracket_is_closed() {
        var broken = Deployed.alertExpressions().stream()
                .filter(expression -> !PromQl.isBalanced(expression))
                .collect(joining("\n"));
        assertEquals("", broken);
    }

    private static String anchor(String heading) {
        return heading.toLowerCase(Locale.ROOT).replace(' ', '-');
    }
}
