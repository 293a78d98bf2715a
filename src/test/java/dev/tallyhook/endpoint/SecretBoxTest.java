package dev.tallyhook.endpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SecretBoxTest {

    private static final String KEYS = "tallyhook.telling.keys";
    private static final String OLD = key('o');
    private static final String NEW = key('n');
    private static final byte[] PLAIN = "whsec_… -".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path directory;

    private static String key(char letter) {
        byte[] key = new byte[32];
        Arrays.fill(key, (byte) letter);
        return Base64.getEncoder().encodeToString(key);
    }

    private static SecretBox box(Map<String, String> settings) {
        return new SecretBox(TestSettings.of(settings).telling(), LaunchMode.NORMAL);
    }

    private static SecretBox box(String... keys) {
        return box(Map.of(KEYS, String.join(",", keys)));
    }

    private static void assertOpens(SecretBox box, byte[] sealed) {
        assertArrayEquals(PLAIN, box.open("ep_1", sealed).orElseThrow());
    }

    @Test
    void what_is_sealed_is_opened_and_looks_otherwise_each_time() {
        SecretBox box = box(NEW);
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            byte[] sealed = box.seal("ep_1", PLAIN);
            assertOpens(box, sealed);
            assertTrue(seen.add(Arrays.toString(sealed)), "a nonce came twice");
            assertFalse(new String(sealed, StandardCharsets.ISO_8859_1).contains("whsec_"));
        }
    }

    @Test
    void the_id_of_the_key_stands_in_front() throws Exception {
        byte[] digest =
                MessageDigest.getInstance("SHA-256").digest(Base64.getDecoder().decode(NEW));
        byte[] sealed = box(NEW).seal("ep_1", PLAIN);
        assertArrayEquals(Arrays.copyOf(digest, 4), Arrays.copyOf(sealed, 4));
        assertArrayEquals(Arrays.copyOf(digest, 4), box(NEW, OLD).newestKeyId().orElseThrow());
    }

    @Test
    void what_is_of_another_endpoint_is_not_opened() {
        SecretBox box = box(NEW);
        assertEquals(Optional.empty(), box.open("ep_2", box.seal("ep_1", PLAIN)));
    }

    @Test
    void what_was_changed_or_cut_is_not_opened() {
        SecretBox box = box(NEW);
        byte[] sealed = box.seal("ep_1", PLAIN);
        for (int i = 0; i < sealed.length; i++) {
            byte[] changed = sealed.clone();
            changed[i] ^= 1;
            assertEquals(Optional.empty(), box.open("ep_1", changed), "byte " + i);
            assertEquals(Optional.empty(), box.open("ep_1", Arrays.copyOf(sealed, i)), "cut at " + i);
        }
    }

    @Test
    void the_newest_key_seals_and_all_open() {
        byte[] byOld = box(OLD).seal("ep_1", PLAIN);
        SecretBox both = box(NEW, OLD);
        assertOpens(both, byOld);
        byte[] byNew = both.seal("ep_1", PLAIN);
        assertOpens(box(NEW), byNew);
        assertEquals(Optional.empty(), box(OLD).open("ep_1", byNew));
    }

    @Test
    void keys_come_from_a_file_that_changes_too() throws IOException {
        Path file = Files.writeString(directory.resolve("keys"), OLD + "\n");
        SecretBox box = box(Map.of(KEYS + "-file", file.toString()));
        byte[] byOld = box.seal("ep_1", PLAIN);
        Files.writeString(file, NEW + "\n" + OLD + "\n");
        box.reload();
        assertOpens(box, byOld);
        assertOpens(box(NEW), box.seal("ep_1", PLAIN));
    }

    @Test
    void production_makes_up_no_key_and_every_other_mode_one_of_its_own() {
        assertFalse(box(Map.of()).canSeal());
        var telling = TestSettings.of(Map.of()).telling();
        var one = new SecretBox(telling, LaunchMode.DEVELOPMENT);
        var other = new SecretBox(telling, LaunchMode.TEST);
        assertTrue(one.canSeal() && one.isForgotten());
        assertOpens(one, one.seal("ep_1", PLAIN));
        assertEquals(Optional.empty(), other.open("ep_1", one.seal("ep_1", PLAIN)));
        assertNotEquals(
                Arrays.toString(one.newestKeyId().orElseThrow()),
                Arrays.toString(other.newestKeyId().orElseThrow()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"c2hvcnQ=", "not Base64 at all", "oooooooooooooooooooooooooooooooo"})
    void a_key_that_is_none_is_not_repeated(String key) {
        var wrong = assertThrows(ConfigurationException.class, () -> box(key));
        assertTrue(wrong.getMessage().contains("32 bytes in Base64"), wrong.getMessage());
        assertFalse(wrong.getMessage().contains(key), wrong.getMessage());
    }
}
