package dev.tallyhook.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReceptionsTest {

    private static final int MANY = 200_000;
    private static final byte[] BODY = "{}".getBytes(UTF_8);

    @TempDir
    Path directory;

    private final Receptions receptions = new Receptions();

    @Test
    void of_many_messages_the_first_time_and_every_count_are_kept() throws Exception {
        for (int round = 1; round <= 2; round++) {
            for (int i = 0; i < MANY; i++) {
                int place = receptions.came(Receivers.webhookId("txn_" + i), BODY, (long) round * MANY + i);
                receptions.taken(place, 1 + i % Receptions.RECEIVERS_MAX);
            }
        }
        Map<String, String> lines = new HashMap<>();
        for (String line : lines()) {
            lines.put(line.substring(0, line.indexOf('\t')), line.substring(line.indexOf('\t') + 1));
        }
        assertEquals(MANY, lines.size());
        for (int i = 0; i < MANY; i++) {
            var counts = new StringBuilder("{0,0,0,0,0,0,0,0}").replace(1 + 2 * (i % 8), 2 + 2 * (i % 8), "2");
            String key = Receivers.webhookId("txn_" + i).substring(4, 4 + Receptions.KEY_DIGITS);
            assertEquals(MANY + i + "\t" + counts, lines.get(key));
        }
    }

    @Test
    void a_count_does_not_run_over_into_that_of_the_next_receiver() throws Exception {
        for (int i = 0; i < 1_000; i++) {
            receptions.taken(receptions.came(Receivers.webhookId("txn"), BODY, 1), 1);
        }
        assertTrue(lines().get(0).endsWith("\t1\t{255,0,0,0,0,0,0,0}"), () -> "" + lines());
    }

    @Test
    void another_body_under_an_id_is_found_out() {
        assertTrue(receptions.came(Receivers.webhookId("txn"), BODY, 1) >= 0);
        assertTrue(receptions.came(Receivers.webhookId("txn"), BODY, 2) >= 0);
        assertTrue(receptions.came(Receivers.webhookId("txn"), "{ }".getBytes(UTF_8), 3) < 0);
    }

    private List<String> lines() {
        try {
            Path file = directory.resolve("receptions.tsv");
            receptions.write(file);
            return Files.readAllLines(file);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
