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
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {

    @TempDir
    Path directory;

    private static Credentials<String> credentials(Optional<Path> file, String... entries) {
        List<Secret<String>> secrets =
                List.of(entries).stream().map(CredentialsTest::secret).toList();
        var setting = Optional.of(secrets).filter(some -> !some.isEmpty());
        return new Credentials<>("the.setting", setting, file, CredentialsTest::upperCase);
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

    /** Nothing configured means open to everyone, so what is configured and empty must not be taken for it. */
    @ParameterizedTest
    @ValueSource(strings = {"", "\uFEFF", "\n", "# nothing\n"})
    void a_file_without_an_entry_stops_the_start(String content) throws IOException {
        Path file = write(content);
        String message = assertThrows(ConfigurationException.class, () -> credentials(Optional.of(file)))
                .getMessage();
        assertEquals("the.setting-file must have at least one entry", message);
        assertThrows(ConfigurationException.class, () -> credentials(Optional.of(file), "a"));
    }

    @Test
    void a_setting_without_an_entry_stops_the_start() {
        String message = assertThrows(
                        ConfigurationException.class,
                        () -> new Credentials<>(
                                "the.setting", Optional.of(List.of()), Optional.empty(), CredentialsTest::upperCase))
                .getMessage();
        assertEquals("the.setting must have at least one entry", message);
    }

    /** An entry may take long to check, and the file is looked at every second. */
    @Test
    void a_wrong_file_is_checked_once_and_again_when_it_has_changed() throws IOException {
        Path file = write("b");
        var checked = new AtomicInteger();
        var credentials = new Credentials<>("the.setting", Optional.empty(), Optional.of(file), entry -> {
            checked.incrementAndGet();
            return upperCase(entry);
        });
        write("wrong");
        for (int i = 0; i < 3; i++) {
            credentials.reload();
        }
        assertEquals(2, checked.get());
        write("b");
        credentials.reload();
        assertEquals(3, checked.get());
        assertEquals(List.of("B"), credentials.current());
    }

    @Test
    void it_does_not_tell_what_it_holds() {
        String text = credentials(Optional.empty(), "a", "bcdef").toString();
        assertEquals("the.setting[2]", text);
        assertFalse(text.contains("BCDEF"));
    }
}
