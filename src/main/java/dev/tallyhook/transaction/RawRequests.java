package dev.tallyhook.transaction;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Requests as the ledger keeps them together: each behind its length in four bytes, and all compressed as RFC 1951 says, with a
 * dictionary of words that providers' events have in common. One byte before that tells the form. Requests that are alike take half as
 * many bytes together as each alone, and half as long.
 */
public final class RawRequests {

    /**
     * In bytes, before they are compressed: with so many it is worth beginning anew. Compression looks back 32 KiB and finds nothing
     * beyond, and who reads one of them reads all.
     */
    public static final int SIZE_ENOUGH = 64 * 1024;

    /** Of a statement that reads {@link #JOINED} transactions; for {@link #read(ResultSet, int)}. */
    public static final String COLUMNS = "coalesce(requests.raw, keeper.raw), coalesce(request_place, 0)";

    /** To be joined to {@code transactions}. Those of before V012 have their requests in another table, with the first event of each. */
    public static final String JOINED = """
            LEFT JOIN requests ON requests.id = transactions.request
            LEFT JOIN events AS event ON event.transaction_id = transactions.transaction_id
            LEFT JOIN events AS keeper ON keeper.transaction_id = coalesce(event.raw_of, event.transaction_id)
            """;

    private static final String WHERE_OF = "SELECT request, request_place FROM transactions WHERE transaction_id = ?";

    /** On shards: of those that are finished, which an index has by their sources; what waits is not much newer. */
    private static final String NEWEST =
            "SELECT transaction_id FROM transactions WHERE source = ? AND status = 'PROCESSED' ORDER BY created_at DESC LIMIT 1";

    private static final String BY_NUMBER = "SELECT raw FROM requests WHERE id = ?";

    private static final String OF_EVENT = "SELECT raw, raw_of FROM events WHERE transaction_id = ?";

    /** In the place of one that is not kept. */
    public static final RawRequest NONE = RawRequest.of(new TreeMap<>(), new byte[0]);

    private static final int CHUNK = 8192;

    /** More than this finds little more, and takes longer. */
    private static final int LEVEL = 3;

    /** What is stored cannot be read without it: it stays as it is for ever, and a better one gets a form of its own. */
    private static final byte[] DICTIONARY = dictionary();

    /** One request alone and without its length, as the version of before kept each. */
    private static final byte ALONE = 1;

    private static final byte TOGETHER = 2;

    private RawRequests() {}

    private static byte[] dictionary() {
        try (InputStream file = RawRequests.class.getResourceAsStream("raw-dictionary-1.txt")) {
            return Objects.requireNonNull(file, "the dictionary").readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes of them what is stored. */
    public static byte[] compress(List<RawRequest> requests) {
        var together = new Together();
        requests.forEach(together::add);
        return together.finish();
    }

    /** Makes of requests what is stored while they come, one after the other. For one thread at a time; to be finished, which gives memory back. */
    public static final class Together {

        private final Deflater deflater = new Deflater(LEVEL, true);
        private final ByteArrayOutputStream compressed = new ByteArrayOutputStream(CHUNK);
        private final DeflaterOutputStream requests;

        /** Of none yet. */
        public Together() {
            deflater.setDictionary(DICTIONARY);
            compressed.write(TOGETHER);
            requests = new DeflaterOutputStream(compressed, deflater, CHUNK);
        }

        /** One more. */
        public void add(RawRequest request) {
            try {
                requests.write(ByteBuffer.allocate(Integer.BYTES + request.head().length)
                        .putInt(request.size())
                        .put(request.head())
                        .array());
                requests.write(request.body());
            } catch (IOException impossible) {
                throw new UncheckedIOException(impossible);
            }
        }

        /** What is stored of those that came. Nothing can be added from then on. */
        public byte[] finish() {
            try {
                requests.finish();
            } catch (IOException impossible) {
                throw new UncheckedIOException(impossible);
            } finally {
                deflater.end();
            }
            return compressed.toByteArray();
        }
    }

    /**
     * Reads one of them again.
     *
     * @param place of the request among them, from 0
     * @throws IllegalStateException if that is not what was stored, or there is none at that place
     */
    public static RawRequest read(byte[] stored, int place) {
        List<RawRequest> all = read(stored, place, place);
        if (all.isEmpty()) {
            throw new IllegalStateException("There is no request at this place");
        }
        return all.get(0);
    }

    /**
     * Reads all of them again, in the order of their places.
     *
     * @throws IllegalStateException if that is not what was stored
     */
    public static List<RawRequest> readAll(byte[] stored) {
        return read(stored, 0, Integer.MAX_VALUE);
    }

    private static List<RawRequest> read(byte[] stored, int first, int last) {
        byte form = stored[0];
        if (form != ALONE && form != TOGETHER) {
            throw new IllegalStateException("The request was written by a later version");
        }
        byte[] bytes = inflate(stored);
        if (form == ALONE) {
            return List.of(RawRequest.read(bytes, 0, bytes.length));
        }
        List<RawRequest> found = new ArrayList<>();
        ByteBuffer all = ByteBuffer.wrap(bytes);
        for (int i = 0; i <= last && all.hasRemaining(); i++) {
            int length = all.remaining() < Integer.BYTES ? -1 : all.getInt();
            if (length < 0 || length > all.remaining()) {
                throw new IllegalStateException("The request is not as long as it should be");
            }
            if (i >= first) {
                found.add(RawRequest.read(bytes, all.position(), all.position() + length));
            }
            all.position(all.position() + length);
        }
        return found;
    }

    /**
     * The newest of a named source, found as a list finds it: in the order of time a rare one may be behind all that the ledger has.
     *
     * @param isDistributed whether the ledger is on shards
     */
    public static Optional<RawRequest> newest(Connection session, String source, boolean isDistributed)
            throws SQLException {
        Sql select = isDistributed
                ? new Sql().add(NEWEST, source)
                : TransactionPages.select(TransactionFilter.ofSource(source), 1, Optional.empty());
        List<String> newest = select.query(session, row -> row.getString("transaction_id"));
        return newest.isEmpty()
                ? Optional.empty()
                : find(session, newest.get(0)).flatMap(raw -> raw);
    }

    /** Reads that of a row with {@link #COLUMNS}, of which the first is {@code first}; nothing, if it is none of an event or somebody deleted it. */
    public static Optional<RawRequest> read(ResultSet row, int first) throws SQLException {
        byte[] stored = row.getBytes(first);
        return stored == null ? Optional.empty() : Optional.of(read(stored, row.getInt(first + 1)));
    }

    private record Place(@Nullable Long request, int place) {}

    @SuppressWarnings("ArrayRecordComponent") // Compared by nobody, and changed by nobody.
    private record Kept(byte @Nullable [] raw, @Nullable String elsewhere) {}

    /**
     * Reads that of a transaction, one step after the other: on shards, what would have to be joined is on different servers.
     *
     * @return nothing if there is no such transaction; and inside it nothing, if its request is not kept
     */
    static Optional<Optional<RawRequest>> find(Connection session, String transactionId) throws SQLException {
        List<Place> found = new Sql()
                .add(WHERE_OF, transactionId)
                .query(session, row -> new Place(row.getObject(1, Long.class), row.getInt(2)));
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Place place = found.get(0);
        return Optional.of(
                place.request() == null
                        ? ofEvent(session, transactionId)
                        : new Sql()
                                        .add(BY_NUMBER, place.request())
                                        .query(session, row -> read(row.getBytes(1), place.place()))
                                        .stream()
                                        .findFirst());
    }

    /** As the version of before kept it. */
    private static Optional<RawRequest> ofEvent(Connection session, String transactionId) throws SQLException {
        List<Kept> found = new Sql()
                .add(OF_EVENT, transactionId)
                .query(session, row -> new Kept(row.getBytes(1), row.getString(2)));
        if (found.isEmpty()) {
            return Optional.empty();
        }
        byte[] raw = found.get(0).raw();
        String elsewhere = found.get(0).elsewhere();
        return raw != null
                ? Optional.of(read(raw, 0))
                : elsewhere == null ? Optional.empty() : ofEvent(session, elsewhere);
    }

    private static byte[] inflate(byte[] compressed) {
        var inflater = new Inflater(true);
        try {
            inflater.setDictionary(DICTIONARY);
            inflater.setInput(compressed, 1, compressed.length - 1);
            var bytes = new ByteArrayOutputStream(compressed.length * 4);
            byte[] chunk = new byte[CHUNK];
            while (!inflater.finished()) {
                int length = inflater.inflate(chunk);
                if (length == 0 && !inflater.finished()) {
                    throw new IllegalStateException("The request is cut off");
                }
                bytes.write(chunk, 0, length);
            }
            return bytes.toByteArray();
        } catch (DataFormatException notCompressed) {
            throw new IllegalStateException("The request is not as it was written", notCompressed);
        } finally {
            inflater.end();
        }
    }
}
