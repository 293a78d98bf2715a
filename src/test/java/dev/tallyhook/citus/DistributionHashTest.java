package dev.tallyhook.citus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** Held against PostgreSQL's own functions: a row that was put into another shard than Citus would choose is not found again. */
@QuarkusTest
class DistributionHashTest {

    private static final List<String> LETTERS = List.of("a", "Z", "7", "-", ":", "ä", "€", "漢", "😀", " ");
    private static final int LENGTH_MAX = 60;

    @Inject
    DataSource dataSource;

    @Test
    void texts_of_every_length_have_the_hash_that_postgresql_gives_them() throws SQLException {
        var random = new Random(1);
        List<String> texts = new ArrayList<>(List.of(""));
        for (int length = 1; length <= LENGTH_MAX; length++) {
            for (int i = 0; i < 20; i++) {
                var text = new StringBuilder();
                random.ints(length, 0, LETTERS.size()).forEach(letter -> text.append(LETTERS.get(letter)));
                texts.add(text.toString());
            }
        }
        try (var connection = dataSource.getConnection();
                var hash = connection.prepareStatement("SELECT hashtext(text COLLATE \"C\") FROM unnest(?) AS text")) {
            hash.setArray(1, connection.createArrayOf("text", texts.toArray()));
            try (var rows = hash.executeQuery()) {
                for (String text : texts) {
                    rows.next();
                    assertEquals(rows.getInt(1), DistributionHash.of(text), text);
                }
            }
        }
    }

    @Test
    void numbers_have_the_hash_that_postgresql_gives_them() throws SQLException {
        var random = new Random(2);
        List<Long> numbers =
                new ArrayList<>(List.of(0L, 1L, -1L, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32, -(1L << 32)));
        random.longs(500).forEach(numbers::add);
        random.ints(500).forEach(number -> numbers.add((long) number));
        try (var connection = dataSource.getConnection();
                var hash = connection.prepareStatement("SELECT hashint8(number) FROM unnest(?) AS number")) {
            hash.setArray(1, connection.createArrayOf("bigint", numbers.toArray()));
            try (var rows = hash.executeQuery()) {
                for (long number : numbers) {
                    rows.next();
                    assertEquals(rows.getInt(1), DistributionHash.of(number), Long.toString(number));
                }
            }
        }
    }
}
