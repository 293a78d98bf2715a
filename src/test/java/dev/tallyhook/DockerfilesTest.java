package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the images have in common, as far as it stands in their Dockerfiles. */
class DockerfilesTest {

    private static final Path DOCKER = Path.of("src/main/docker");
    private static final Pattern FROM = Pattern.compile("(?m)^FROM (\\S+)");
    private static final Pattern STAGE = Pattern.compile("(?m)^FROM \\S+ AS (\\S+)$");
    private static final Pattern COPIED = Pattern.compile("(?m)^COPY (?:--chown=\\S+ )?(?!--from)(.*) \\S+$");

    private static String text(String dockerfile) throws IOException {
        return Files.readString(DOCKER.resolve(dockerfile));
    }

    /** The last stage: what the image is. */
    private static String image(String dockerfile) throws IOException {
        String text = text(dockerfile);
        return text.substring(text.lastIndexOf("\nFROM "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Dockerfile.jvm", "Dockerfile.native", "Dockerfile.native-micro"})
    void runs_as_nobody_in_particular_and_says_what_it_is(String dockerfile) throws IOException {
        String image = image(dockerfile);
        assertTrue(image.contains("\nUSER 10001:10001\n"), "not root, by number, so that a cluster can see it");
        assertTrue(Pattern.compile("(?m)^ENTRYPOINT \\[").matcher(image).find(), "without a shell between");
        for (String label : List.of("title", "description", "licenses", "version", "revision")) {
            assertTrue(image.contains("org.opencontainers.image." + label + "="), label);
        }
        assertFalse(
                Pattern.compile("(?m)^(CMD|HEALTHCHECK|VOLUME) ").matcher(image).find());
    }

    @ParameterizedTest
    @ValueSource(strings = {"Dockerfile.jvm", "Dockerfile.native", "Dockerfile.native-micro"})
    void exposes_the_ports_of_the_service(String dockerfile) throws IOException {
        Properties application = ApplicationProperties.read();
        assertTrue(image(dockerfile)
                .contains("\nEXPOSE %s %s %s\n"
                        .formatted(
                                application.getProperty("quarkus.http.port"),
                                application.getProperty("quarkus.http.ssl-port"),
                                application.getProperty("quarkus.management.port"))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Dockerfile.jvm", "Dockerfile.native", "Dockerfile.native-micro"})
    void every_base_has_a_version_and_every_file_that_is_copied_is_let_in(String dockerfile) throws IOException {
        String text = text(dockerfile);
        Set<String> stages = new TreeSet<>(Set.of("scratch"));
        STAGE.matcher(text).results().forEach(stage -> stages.add(stage.group(1)));
        FROM.matcher(text)
                .results()
                .map(from -> from.group(1))
                .filter(from -> !stages.contains(from))
                .forEach(from -> assertTrue(from.matches(".*:[\\w.-]*\\d[\\w.-]*"), from));
        List<String> letIn = Files.readAllLines(Path.of(".dockerignore"));
        COPIED.matcher(text)
                .results()
                .flatMap(copy -> List.of(copy.group(1).split(" ")).stream())
                .forEach(file -> {
                    assertTrue(Files.exists(Path.of(file)), file);
                    assertTrue(letIn.contains("!" + file), file + " in .dockerignore");
                });
    }

    @Test
    void there_are_three() throws IOException {
        try (var files = Files.list(DOCKER)) {
            assertEquals(3, files.count());
        }
    }
}
