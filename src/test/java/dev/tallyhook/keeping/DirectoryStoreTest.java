package dev.tallyhook.keeping;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

class DirectoryStoreTest {

    private static final byte[] CONTENT = "what was finished".repeat(1000).getBytes(UTF_8);

    @TempDir
    private Path root;

    private DirectoryStore store;

    @BeforeEach
    void create() {
        store = new DirectoryStore(root);
    }

    @Test
    void what_is_written_is_read() throws IOException {
        store.write("2026/11/a.jsonl.gz", CONTENT);

        assertArrayEquals(CONTENT, read("2026/11/a.jsonl.gz"));
        assertArrayEquals(CONTENT, Files.readAllBytes(root.resolve("2026/11/a.jsonl.gz")));
    }

    @Test
    void a_file_is_written_in_place_of_the_one_with_its_name() throws IOException {
        store.write("a", CONTENT);
        store.write("a", new byte[] {1});

        assertArrayEquals(new byte[] {1}, read("a"));
        assertEquals(List.of("a"), everything());
    }

    @Test
    void who_reads_while_it_is_written_again_finds_one_or_the_other() throws Exception {
        byte[] other = "what was finished later".repeat(1000).getBytes(UTF_8);
        store.write("a", CONTENT);
        var executor = Executors.newFixedThreadPool(4);
        try {
            Callable<Void> writes = () -> {
                for (int i = 0; i < 20; i++) {
                    store.write("a", i % 2 == 0 ? other : CONTENT);
                }
                return null;
            };
            Callable<Void> reads = () -> {
                for (int i = 0; i < 200; i++) {
                    int length = read("a").length;
                    assertTrue(length == CONTENT.length || length == other.length, () -> length + " bytes");
                }
                return null;
            };
            for (var task : executor.invokeAll(List.of(writes, writes, reads, reads))) {
                task.get();
            }
        } finally {
            executor.shutdownNow();
        }
        assertEquals(List.of("a"), everything());
    }

    @Test
    void nobody_but_the_owner_reads_it() throws IOException {
        store.write("2026/11/a", CONTENT);

        assertEquals("rwx------", permissions("2026"));
        assertEquals("rwx------", permissions("2026/11"));
        assertEquals("rw-------", permissions("2026/11/a"));
    }

    @Test
    void a_file_that_is_not_there_is_told_apart() {
        assertThrows(NoSuchFileException.class, () -> store.read("none"));
        assertThrows(NoSuchFileException.class, () -> store.read("2026/none"));
    }

    @Test
    void names_are_listed_in_order_by_their_beginning() throws IOException {
        for (String name : List.of("2026/11/b", "2026/11/a", "2026-old", "2026/2", "2025/1", "2026/12")) {
            store.write(name, CONTENT);
        }

        assertEquals(List.of("2025/1", "2026-old", "2026/11/a", "2026/11/b", "2026/12", "2026/2"), store.list(""));
        assertEquals(List.of("2026/11/a", "2026/11/b", "2026/12"), store.list("2026/1"));
        assertEquals(List.of("2026/11/b"), store.list("2026/11/b"));
        assertEquals(List.of(), store.list("2024/"));
        assertEquals(List.of(), store.list("2024/11"));
    }

    @Test
    void what_begins_with_a_dot_is_not_listed() throws IOException {
        store.write("2026/a", CONTENT);
        Files.write(root.resolve("2026/.a.part"), CONTENT);
        Files.createDirectory(root.resolve(".snapshot"));
        Files.write(root.resolve(".snapshot/a"), CONTENT);

        assertEquals(List.of("2026/a"), store.list(""));
    }

    /** As beside an archive that has a file system of its own; nobody but root may look into {@code lost+found}, which shows as a failure as well. */
    @Test
    void what_can_be_no_file_of_the_archive_is_not_looked_into() throws IOException {
        store.write("2026/11/29/a", CONTENT);
        Path loop = Path.of("..");
        for (String elsewhere : List.of("lost+found", "2026/11/29/lost+found")) {
            Files.createSymbolicLink(
                    Files.createDirectory(root.resolve(elsewhere)).resolve("self"), loop);
        }
        Files.createSymbolicLink(root.resolve("all"), Path.of("."));
        Files.createSymbolicLink(root.resolve("2026/all"), loop);

        assertEquals(List.of("2026/11/29/a"), store.list(""));
        assertEquals(List.of("2026/11/29/a"), store.list("2026/"));
        assertEquals(List.of(), store.list("lost+found/"));
    }

    @Test
    void what_can_be_one_and_cannot_be_read_is_no_list() throws IOException {
        store.write("2026/11/29/a", CONTENT);
        for (String name : List.of("2025", "2026/12", "2026/11/30", "2026/11/29/b")) {
            Path link = Files.createSymbolicLink(root.resolve(name), root);
            var failure = assertThrows(IOException.class, () -> store.list(""), name);

            assertTrue(failure.getMessage().startsWith(root + " cannot be listed"), failure::getMessage);
            Files.delete(link);
        }
        assertEquals(List.of("2026/11/29/a"), store.list(""));
    }

    @Test
    void a_directory_may_be_a_link_to_one(@TempDir Path links) throws IOException {
        store.write("2026/a", CONTENT);
        Path link = Files.createSymbolicLink(links.resolve("archive"), root);

        assertEquals(List.of("2026/a"), new DirectoryStore(link).list(""));
        Files.delete(link);
    }

    @Test
    void what_is_deleted_is_gone_and_may_be_gone_before() throws IOException {
        store.write("2026/a", CONTENT);
        store.delete("2026/a");
        store.delete("2026/a");
        store.delete("2025/a");

        assertEquals(List.of(), store.list(""));
    }

    @Test
    void what_a_crash_left_is_deleted_after_a_day() throws IOException {
        store.write("2026/a", CONTENT);
        Path old = Files.write(root.resolve("2026/.1.part"), CONTENT);
        Files.write(root.resolve("2026/.2.part"), CONTENT);
        Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(25))));
        store.write("2026/b", CONTENT);

        assertEquals(List.of("2026/.2.part", "2026/a", "2026/b"), everything());
    }

    @Test
    void a_write_that_fails_leaves_nothing_behind() throws IOException {
        store.write("2026/a/b", CONTENT);
        var failure = assertThrows(IOException.class, () -> store.write("2026/a", CONTENT));

        assertTrue(failure.getMessage().startsWith(root.resolve("2026/a") + " cannot be written"), failure::getMessage);
        assertEquals(List.of("2026/a/b"), everything());
    }

    @Test
    void a_file_in_place_of_a_directory_is_named() throws IOException {
        store.write("2026", CONTENT);
        var failure = assertThrows(IOException.class, () -> store.write("2026/a", CONTENT));

        assertEquals(
                root.resolve("2026/a") + " cannot be written: " + root.resolve("2026") + " is not a directory",
                failure.getMessage());
    }

    @Test
    void the_directory_itself_is_not_created() {
        var unmounted = new DirectoryStore(root.resolve("volume"));

        for (var call : List.<Executable>of(
                () -> unmounted.write("a", CONTENT),
                () -> unmounted.read("a"),
                () -> unmounted.list(""),
                () -> unmounted.delete("a"))) {
            var failure = assertThrows(IOException.class, call);
            assertFalse(failure instanceof NoSuchFileException);
            assertEquals(
                    root.resolve("volume") + " is not there, or is not a directory; it is not created by this service",
                    failure.getMessage());
        }
        assertFalse(Files.exists(root.resolve("volume")));
    }

    @Test
    void names_do_not_leave_the_directory() {
        for (String name : List.of("", "/etc/passwd", "../a", "a/../../b", "a/./b", "a//b", "a/", ".a", "a/.b")) {
            assertThrows(IllegalArgumentException.class, () -> store.write(name, CONTENT), name);
            assertThrows(IllegalArgumentException.class, () -> store.read(name), name);
            assertThrows(IllegalArgumentException.class, () -> store.delete(name), name);
        }
        assertThrows(IllegalArgumentException.class, () -> store.list("../"));
        assertThrows(IllegalArgumentException.class, () -> store.list("/etc/"));
    }

    @Test
    void many_write_at_once_in_a_directory_that_is_not_there_yet() throws Exception {
        var executor = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Void>> writes = IntStream.range(0, 32)
                    .<Callable<Void>>mapToObj(i -> () -> {
                        store.write("2026/11/29/%02d".formatted(i), CONTENT);
                        return null;
                    })
                    .toList();
            for (var write : executor.invokeAll(writes)) {
                write.get();
            }
        } finally {
            executor.shutdownNow();
        }
        assertEquals(32, store.list("2026/11/29/").size());
    }

    private String permissions(String name) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve(name)));
    }

    private List<String> everything() throws IOException {
        try (var files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    private byte[] read(String name) throws IOException {
        try (var file = store.read(name)) {
            return file.readAllBytes();
        }
    }
}
