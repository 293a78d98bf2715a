package dev.tallyhook.transaction;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.ser.std.StdScalarSerializer;
import java.io.IOException;
import java.time.Instant;

/**
 * Writes times as RFC 3339 has them, in UTC. Rows that were committed at once have the same one, and a message tells it twice; so the text
 * of the last one is kept, which takes a third of the work off a message.
 */
final class Times extends StdScalarSerializer<Instant> {

    private record Written(Instant time, String text) {}

    private volatile Written last = written(Instant.EPOCH);

    Times() {
        super(Instant.class);
    }

    private static Written written(Instant time) {
        return new Written(time, time.toString());
    }

    @Override
    public void serialize(Instant time, JsonGenerator to, SerializerProvider unused) throws IOException {
        Written now = last;
        if (!now.time.equals(time)) {
            now = written(time);
            last = now;
        }
        to.writeString(now.text);
    }
}
