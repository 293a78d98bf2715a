package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.tallyhook.packaged.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Has Prometheus's own tool check the rules, run their tests, and read every query; skipped where it is not installed. */
class PromtoolTest {

    @TempDir
    Path directory;

    @BeforeEach
    void is_installed() {
        Programs.assumeInstalled("promtool", "prometheus");
    }

    @Test
    void the_rules_are_right() throws Exception {
        promtool(Deployed.PROMETHEUS, "check", "rules", Deployed.RULES);
    }

    @Test
    void the_example_of_a_configuration_is_right_and_finds_the_rules() throws Exception {
        promtool(Deployed.PROMETHEUS, "check", "config", "prometheus.yml");
    }

    @Test
    void each_alert_fires_when_it_should_and_only_then() throws Exception {
        promtool(Deployed.PROMETHEUS, "test", "rules", Deployed.RULE_TESTS);
    }

    @Test
    void every_query_of_the_dashboard_and_of_the_runbook_can_be_read() throws Exception {
        List<String> queries = new ArrayList<>(Deployed.runbookExpressions());
        Deployed.panels().forEach(panel -> queries.addAll(panel.findValuesAsText("expr")));
        List<Map<String, String>> rules = new ArrayList<>();
        for (String query : queries) {
            String filledIn = query.replace("$__rate_interval", "1m").replace("$job", "tallyhook");
            rules.add(Map.of("record", "query" + rules.size(), "expr", filledIn.replace("$instance", ".*")));
        }
        var file = Map.of("groups", List.of(Map.of("name", "queries", "rules", rules)));
        Files.writeString(directory.resolve("queries.yml"), new YAMLMapper().writeValueAsString(file));
        promtool(directory, "check", "rules", "queries.yml");
    }

    private static void promtool(Path directory, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("promtool"));
        command.addAll(List.of(arguments));
        var outcome = Programs.run(directory, command);
        assertEquals(0, outcome.exitCode(), outcome.output());
    }
}
