package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class TimesTest {

    @Inject
    ObjectMapper json;

    private String written(Instant time) {
        try {
            return json.writeValueAsString(time);
        } catch (JsonProcessingException failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Test
    void it_is_what_the_service_writes_times_with() throws Exception {
        assertInstanceOf(Times.class, json.getSerializerProviderInstance().findValueSerializer(Instant.class));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1970-01-01T00:00:00Z",
                "2025-10-29T10:30:00Z",
                "2025-10-29T10:30:00.100Z",
                "2025-10-29T10:30:00.123456Z",
                "0001-01-01T00:00:00Z",
                "9999-12-31T23:59:59.999999Z"
            })
    void they_are_written_in_utc_with_the_digits_that_they_have(String text) {
        for (int i = 0; i < 2; i++) {
            assertEquals('"' + text + '"', written(Instant.parse(text)));
        }
    }

    @Test
    void threads_that_write_different_ones_do_not_get_those_of_others() {
        List<Instant> times = IntStream.range(0, 200_000)
                .mapToObj(i -> Instant.ofEpochSecond(i / 3 % 100)) // More than are kept.
                .toList();
        assertEquals(
                times.stream().map(time -> '"' + time.toString() + '"').toList(),
                times.parallelStream().map(this::written).toList());
    }
}
