package dev.tallyhook.delivery;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.tallyhook.endpoint.EventKind;
import dev.tallyhook.transaction.Documents;
import dev.tallyhook.transaction.Documents.Document;
import io.quarkus.logging.Log;
import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** Writes the bodies of messages. The ledger keeps what they say, so the queue need not. */
@Singleton
class Messages {

    private static final int VERSION = 1;

    private static final Attempt NOT_THERE = new Attempt(
            Outcome.UNSENDABLE, 0, Duration.ZERO, null, "what it is about does not stand in the ledger any more");

    private static final Attempt NOT_WRITTEN =
            new Attempt(Outcome.UNSENDABLE, 0, Duration.ZERO, null, "the message could not be written; see the log");

    private final ObjectWriter writer;

    Messages(ObjectMapper json) {
        this.writer = json.writerFor(Body.class);
    }

    /**
     * A message, as Standard Webhooks advises.
     *
     * @param version of the form of {@code data}; another one is another number
     * @param timestamp when it came to be so
     */
    @RegisterForReflection
    record Body(String type, int version, Instant timestamp, Object data) {}

    /** What endpoints have in common. */
    @SuppressWarnings("ArrayRecordComponent") // Compared by nobody, and changed by nobody.
    private record Written(String webhookId, byte[] body) {}

    /** The bytes of a message of this type. */
    byte[] body(String type, Instant timestamp, Object data) throws JsonProcessingException {
        return writer.writeValueAsBytes(new Body(type, VERSION, timestamp, data));
    }

    /**
     * The messages of parcels.
     *
     * @param unwritable is told of each that cannot be, and why
     */
    List<Message> of(Connection connection, List<Parcel> parcels, BiConsumer<Parcel, Parcel.Failure> unwritable)
            throws SQLException {
        Map<EventKind, Map<String, Document>> documents = documents(connection, parcels);
        Map<EventKind, Map<String, Written>> written = new EnumMap<>(EventKind.class); // One for all endpoints.
        List<Message> messages = new ArrayList<>();
        for (Parcel parcel : parcels) {
            Map<String, Document> found = documents.getOrDefault(parcel.event(), Map.of());
            Map<String, Written> ofKind = written.computeIfAbsent(parcel.event(), kind -> new HashMap<>());
            for (String id : parcel.ids()) {
                Document document = found.get(id);
                if (document == null) {
                    unwritable.accept(parcel, new Parcel.Failure(id, parcel.attempts() + 1, NOT_THERE, null));
                    continue;
                }
                try {
                    Written message = ofKind.get(id);
                    if (message == null) {
                        String type = parcel.event().type();
                        message =
                                new Written(MessageId.of(type, id), body(type, document.timestamp(), document.data()));
                        ofKind.put(id, message);
                    }
                    messages.add(new Message(
                            parcel,
                            id,
                            message.webhookId(),
                            message.body(),
                            document.timestamp(),
                            document.traceparent()));
                } catch (JsonProcessingException | RuntimeException bug) {
                    Log.error("A message cannot be written", bug);
                    unwritable.accept(parcel, new Parcel.Failure(id, parcel.attempts() + 1, NOT_WRITTEN, null));
                }
            }
        }
        return messages;
    }

    /** Reads what one message is about, to see whether it can be read. */
    void look(Connection connection, EventKind kind, String id) throws SQLException {
        documents(connection, kind, List.of(id));
    }

    private static Map<EventKind, Map<String, Document>> documents(Connection connection, List<Parcel> parcels)
            throws SQLException {
        Map<EventKind, Map<String, Document>> documents = new EnumMap<>(EventKind.class);
        for (EventKind kind : EventKind.values()) {
            List<String> ids = parcels.stream()
                    .filter(parcel -> parcel.event() == kind)
                    .flatMap(parcel -> parcel.ids().stream())
                    .distinct()
                    .toList();
            if (!ids.isEmpty()) {
                documents.put(kind, documents(connection, kind, ids));
            }
        }
        return documents;
    }

    private static Map<String, Document> documents(Connection connection, EventKind kind, List<String> ids)
            throws SQLException {
        return switch (kind) {
            case PROCESSED -> Documents.processed(connection, ids);
            case ACCEPTED -> Documents.accepted(connection, ids);
            case CONFLICTING -> Documents.conflicting(connection, ids);
        };
    }
}
