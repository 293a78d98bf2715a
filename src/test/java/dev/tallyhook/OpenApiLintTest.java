package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.packaged.Programs;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Lints the document as it is served. Needs Node.js, and {@code npm ci --prefix src/test/javascript}. */
@QuarkusTest
@TestProfile(DocumentedService.Profile.class)
class OpenApiLintTest {

    private static final Path SPECTRAL =
            Path.of("src/test/javascript/node_modules/@stoplight/spectral-cli/dist/index.js");

    @TestHTTPResource
    URI root;

    @Test
    void spectral_finds_nothing() throws Exception {
        Assumptions.assumeTrue(Files.exists(SPECTRAL), "no Spectral: npm ci --prefix src/test/javascript");
        Path served = Files.writeString(
                Path.of("target/openapi.json"),
                new DocumentedService(root).getWithoutToken("/openapi.json").body());
        var spectral = Programs.run(
                "node",
                SPECTRAL.toString(),
                "lint",
                served.toString(),
                "--ruleset",
                ".spectral.yaml",
                "--fail-severity",
                "hint");
        assertEquals(0, spectral.exitCode(), spectral.output());
    }
}
