package dev.tallyhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What is shipped for the tools of a cluster: rules and their tests, the dashboard, the runbook. */
final class Deployed {

    static final Path PROMETHEUS = Path.of("deploy/prometheus");
    static final String RULES = "tallyhook.rules.yml";
    static final String RULE_TESTS = "tallyhook.test.yml";

    private static final Pattern PROMQL_BLOCK = Pattern.compile("```promql\\n(.*?)```", Pattern.DOTALL);
    private static final Pattern COMMENT = Pattern.compile("\\s+#.*");
    private static final Pattern CODE = Pattern.compile("`([^`\\n]+)`");
    private static final Pattern OURS =
            Pattern.compile("(tallyhook|agroal|jvm|process)_\\w.*|up\\{.*|.*\\((tallyhook|agroal)_.*");

    private Deployed() {}

    static List<JsonNode> alerts() {
        return yaml(RULES).findParents("alert");
    }

    static JsonNode ruleTests() {
        return yaml(RULE_TESTS);
    }

    static JsonNode dashboard() {
        try {
            return new JsonMapper().readTree(text(Path.of("deploy/grafana/tallyhook.json")));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    /** Every panel that asks something. */
    static List<JsonNode> panels() {
        List<JsonNode> panels = new ArrayList<>();
        dashboard().get("panels").forEach(panel -> {
            if (!panel.get("type").asText().equals("row")) {
                panels.add(panel);
            }
        });
        return panels;
    }

    static String runbook() {
        return text(Path.of("docs/runbook.md"));
    }

    static List<String> alertExpressions() {
        return texts(alerts(), "expr");
    }

    /** Of panels, annotations and variables. */
    static List<String> dashboardExpressions() {
        List<String> variables = dashboard().get("templating").findValuesAsText("definition");
        return Stream.concat(dashboard().findValuesAsText("expr").stream(), variables.stream())
                .toList();
    }

    /** Queries in blocks, and those between words that are of our metrics. */
    static List<String> runbookExpressions() {
        Stream<String> blocks = PROMQL_BLOCK
                .matcher(runbook())
                .results()
                .flatMap(block -> block.group(1).lines())
                .map(line -> COMMENT.matcher(line).replaceFirst(""));
        Stream<String> inline =
                CODE.matcher(runbook()).results().map(code -> code.group(1)).filter(OURS.asMatchPredicate());
        return Stream.concat(blocks, inline).toList();
    }

    static List<String> texts(List<JsonNode> nodes, String field) {
        return nodes.stream().map(node -> node.get(field).asText()).toList();
    }

    private static JsonNode yaml(String name) {
        try {
            return new YAMLMapper().readTree(text(PROMETHEUS.resolve(name)));
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
