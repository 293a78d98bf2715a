package dev.tallyhook.transaction;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import java.io.IOException;
import java.time.Instant;

/**
 * Writes times as RFC 3339 has them, in UTC. A message tells twice when its transaction was finished, and transactions that were accepted
 * in one group have the same {@code created_at}; so the last texts are kept, which saves most of the work.
 */
final class Times extends JsonSerializer<Instant> {

    private record Written(Instant time, String text) {}

    /** By the hash of a time. Threads may overwrite each other's, which are whole all the same, because a record's fields are final. */
    private final Written[] last = new Written[16];

    @Override
    public void serialize(Instant time, JsonGenerator to, SerializerProvider unused) throws IOException {
        // The highest four bits, because in the lowest of its hash times of whole microseconds hardly differ.
        int slot = (time.hashCode() * 0x9E3779B9) >>> 28;
        Written written = last[slot];
        if (written == null || !written.time.equals(time)) {
            written = new Written(time, time.toString());
            last[slot] = written;
        }
        to.writeString(written.text);
    }
}
