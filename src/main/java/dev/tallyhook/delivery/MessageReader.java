package dev.tallyhook.delivery;

import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads what parcels tell. Where some of it cannot be read, such as what a server of Citus has that is away, the rest is told without it:
 * whatever is longest due is in every claim, and would hold up all endpoints.
 */
@Singleton
class MessageReader {

    /** Parcels are read one by one for so long, on the thread that claims for all endpoints. */
    private static final Duration APART_MAX = Duration.ofSeconds(1);

    private static final int PROBES = 4;

    private final Messages messages;

    MessageReader(Messages messages) {
        this.messages = messages;
    }

    /**
     * What came of it.
     *
     * @param later cannot be read now, at least not as a whole
     * @param unread was not tried
     */
    record Read(List<Message> messages, List<Parcel> later, List<Parcel> unread) {}

    /**
     * Reads them.
     *
     * @param unwritable is told of each message that cannot be, and why
     * @throws SQLException if nothing can be read
     */
    Read read(Connection connection, List<Parcel> parcels, BiConsumer<Parcel, Parcel.Failure> unwritable)
            throws SQLException {
        try {
            return new Read(messages.of(connection, parcels, unwritable), List.of(), List.of());
        } catch (SQLException failure) {
            Read apart = readApart(connection, parcels, unwritable);
            if (apart == null) {
                throw failure;
            }
            return apart;
        }
    }

    /** Null if nothing was read: then it is not these parcels that are to blame. */
    private @Nullable Read readApart(
            Connection connection, List<Parcel> parcels, BiConsumer<Parcel, Parcel.Failure> unwritable)
            throws SQLException {
        long begun = System.nanoTime();
        var apart = new Read(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        boolean any = false;
        for (Parcel parcel : parcels) {
            if (connection.isClosed()) {
                return null;
            }
            if (System.nanoTime() - begun > APART_MAX.toNanos()) {
                apart.unread().add(parcel);
                continue;
            }
            try {
                apart.messages().addAll(messages.of(connection, List.of(parcel), unwritable));
                any = true;
            } catch (SQLException failure) {
                apart.later().add(parcel);
                any = any || isPartlyReadable(connection, parcel);
            }
        }
        return any ? apart : null;
    }

    /** Of a long row some may be read: a few are tried. */
    private boolean isPartlyReadable(Connection connection, Parcel parcel) {
        List<String> ids = parcel.ids();
        for (int i = 0; i < ids.size(); i += Math.max(ids.size() / PROBES, 1)) {
            try {
                messages.look(connection, parcel.event(), ids.get(i));
                return true;
            } catch (SQLException failure) {
                // Another one may stand elsewhere.
            }
        }
        return false;
    }
}
