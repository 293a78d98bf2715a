package dev.tallyhook.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CredentialsTest {

    @TempDir
    Path directory;

    private static Credentials<String> credentials(Optional<Path> file, String... entries) {
        List<Secret<String>> secrets =
                List.of(entries).stream().map(CredentialsTest::secret).toList();
        return new Credentials<>("the.setting", Optional.of(secrets), file, CredentialsTest::upperCase);
    }

    private static Secret<String> secret(String value) {
        return () -> value;
    }

    private static String upperCase(String entry) {
        if (entry.contains("wrong")) {
            throw new IllegalArgumentException("must be right");
        }
        return entry.toUpperCase(Locale.ROOT);
    }

    private Path write(String content) throws IOException {
        return Files.writeString(directory.resolve("secrets"), content);
    }

    @Test
    void a_setting_and_a_file_give_entries_together() throws IOException {
        Path file = write("\uFEFF# those of the old gateway\n  b  \n\nc\r\n");
        assertEquals(List.of("A", "B", "C"), credentials(Optional.of(file), "a").current());
    }

    @Test
    void a_changed_file_takes_effect_and_what_it_no_longer_holds_ends() throws IOException {
        Path file = write("b");
        var credentials = credentials(Optional.of(file), "a");
        write("c\nd");
        credentials.reload();
        assertEquals(List.of("A", "C", "D"), credentials.current());
    }

    @Test
    void a_file_that_is_gone_empty_wrong_or_too_large_changes_nothing() throws IOException {
        Path file = write("b");
        var credentials = credentials(Optional.of(file));
        for (String content : List.of("", "# nothing\n", "c\nwrong", "c\n".repeat(17), "c".repeat(70_000))) {
            write(content);
            credentials.reload();
            assertEquals(List.of("B"), credentials.current(), content);
        }
        Files.delete(file);
        credentials.reload();
        assertEquals(List.of("B"), credentials.current());
        write("c");
        credentials.reload();
        assertEquals(List.of("C"), credentials.current());
    }

    @Test
    void what_is_wrong_at_the_start_is_told_by_its_place_and_not_by_its_value() throws IOException {
        Path file = write("b\nwrong-secret");
        String inFile = assertThrows(ConfigurationException.class, () -> credentials(Optional.of(file)))
                .getMessage();
        assertEquals("the.setting-file: entry 2 must be right", inFile);
        String inSetting = assertThrows(
                        ConfigurationException.class, () -> credentials(Optional.empty(), "wrong-secret"))
                .getMessage();
        assertEquals("the.setting: entry 1 must be right", inSetting);
        String absent = assertThrows(
                        ConfigurationException.class, () -> credentials(Optional.of(directory.resolve("absent"))))
                .getMessage();
        assertEquals("the.setting-file names a file that cannot be read", absent);
    }

    @Test
    void it_does_not_tell_what_it_holds() {
        String text = credentials(Optional.empty(), "a", "bcdef").toString();
        assertEquals("the.setting[2]", text);
        assertFalse(text.contains("BCDEF"));
    }
}
