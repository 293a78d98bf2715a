package dev.tallyhook.delivery;

import dev.tallyhook.transaction.Patiently;
import io.quarkus.logging.Log;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Reads what parcels tell, for the one thread that claims. Where some of it cannot be read, such as what a server of Citus has that is away, the
 * rest is told without it: whatever is longest due is in every claim, and would hold up all endpoints.
 */
@Singleton
class MessageReader {

    /** Parcels are read one by one for so long: what is claimed must still be begun in time. */
    private static final Duration APART_MAX = Duration.ofSeconds(1);

    /** A row with one message has so long to be read, and for each further one a little more. */
    private static final Duration ALONE_MAX = Duration.ofMillis(300);

    private static final Duration MORE_FOR_EACH = Duration.ofMillis(4);

    /**
     * After a failure they are read one by one from the beginning, because a server that hangs takes a statement's whole time: until all of them
     * can be read, and so long at most.
     */
    private static final Duration CAREFUL = Duration.ofSeconds(30);

    /** The server ends the session, which may not be seen yet. */
    private static final String SESSION_ENDS = "57P";

    private static final int PROBES = 4;

    private final Messages messages;
    private final Duration apartMax;
    private final Duration aloneMax;
    private long carefulUntilNanos = System.nanoTime();
    private boolean careful;

    @Inject
    MessageReader(Messages messages) {
        this(messages, APART_MAX, ALONE_MAX);
    }

    MessageReader(Messages messages, Duration apartMax, Duration aloneMax) {
        this.messages = messages;
        this.apartMax = apartMax;
        this.aloneMax = aloneMax;
    }

    /** A message that cannot be written, and why. */
    record Unwritable(Parcel parcel, Parcel.Failure failure) {}

    /**
     * What came of it.
     *
     * @param unreadable parcels, at least not as a whole
     * @param unread parcels, for which there was no time
     */
    record Read(List<Message> messages, List<Unwritable> unwritable, List<Parcel> unreadable, List<Parcel> unread) {

        Read() {
            this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        }
    }

    /**
     * Reads them.
     *
     * @throws SQLException if nothing can be read
     */
    Read read(Connection connection, List<Parcel> parcels) throws SQLException {
        if (careful && System.nanoTime() - carefulUntilNanos < 0) {
            return readApart(connection, parcels);
        }
        try {
            Read read = all(connection, parcels);
            careful = false;
            return read;
        } catch (SQLException failure) {
            if (!careful) {
                Log.warnf(
                        "Something that endpoints are to be told cannot be read; the rest is told: %s",
                        failure.getMessage());
            }
            careful = true;
            carefulUntilNanos = System.nanoTime() + CAREFUL.toNanos();
            return readApart(connection, parcels);
        }
    }

    private Read all(Connection connection, List<Parcel> parcels) throws SQLException {
        var read = new Read();
        read.messages().addAll(messages.of(connection, parcels, (parcel, failure) -> read.unwritable()
                .add(new Unwritable(parcel, failure))));
        return read;
    }

    /** In any order, so that those that take their whole time are not the first each time. */
    private Read readApart(Connection connection, List<Parcel> parcels) throws SQLException {
        long begun = System.nanoTime();
        var read = new Read();
        SQLException last = null;
        boolean any = false;
        boolean isOver = false;
        List<Parcel> shuffled = new ArrayList<>(parcels);
        Collections.shuffle(shuffled);
        for (Parcel parcel : shuffled) {
            if (isOver || System.nanoTime() - begun > apartMax.toNanos()) {
                read.unread().add(parcel);
                continue;
            }
            try {
                Read alone = alone(connection, parcel.ids().size(), session -> all(session, List.of(parcel)));
                read.messages().addAll(alone.messages());
                read.unwritable().addAll(alone.unwritable());
                any = true;
            } catch (SQLException failure) {
                last = failure;
                isOver = connection.isClosed()
                        || String.valueOf(failure.getSQLState()).startsWith(SESSION_ENDS);
                (isOver ? read.unread() : read.unreadable()).add(parcel);
                any = any || (!isOver && isPartlyReadable(connection, parcel));
            }
        }
        if (!any && last != null) {
            throw last; // Then it is not these parcels that are to blame.
        }
        careful = !read.unread().isEmpty() || !read.unreadable().isEmpty();
        return read;
    }

    private <T> T alone(Connection connection, int messages, Patiently.Work<T> reading) throws SQLException {
        return Patiently.commit(connection, aloneMax.plus(MORE_FOR_EACH.multipliedBy(messages - 1L)), reading);
    }

    /** Of a long row some may be read: a few are tried. */
    private boolean isPartlyReadable(Connection connection, Parcel parcel) {
        List<String> ids = parcel.ids();
        int probes = Math.min(PROBES, ids.size());
        for (int i = 0; i < probes; i++) {
            String id = ids.get(i * ids.size() / probes);
            try {
                return alone(connection, 1, session -> {
                    messages.look(session, parcel.event(), id);
                    return true;
                });
            } catch (SQLException failure) {
                // Another one may stand elsewhere.
            }
        }
        return false;
    }
}
