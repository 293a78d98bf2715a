package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class SuitesTest {

    /** Else a test would run twice, or never. */
    @Test
    void what_the_suites_leave_out_is_what_the_build_runs_beside_them() throws IOException {
        String beside = Suites.BESIDE.replace(".*\\.", ".*/") + ".*";
        assertTrue(Files.readString(Path.of("pom.xml")).contains("<include>%regex[" + beside + "]</include>"), beside);
    }
}
