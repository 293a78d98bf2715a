package dev.tallyhook.transaction;

import dev.tallyhook.problem.ProblemException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Transactions that were deleted because they had been kept long enough, and whose ids are still known. */
public final class Gone {

    private static final String WHEN = "SELECT gone_at FROM gone WHERE transaction_id = ?";

    /** Of one value in a digest. */
    private static final int PART = 8;

    private static final byte[] MISSING = new byte[PART];

    private Gone() {}

    /**
     * Passes unless it is gone.
     *
     * @throws ProblemException 410 with the time at which it went
     */
    public static void refuse(Connection session, String id) throws SQLException {
        List<Instant> when = new Sql().add(WHEN, id).query(session, row -> Timestamps.of(row, 1));
        if (!when.isEmpty()) {
            throw ProblemException.gone("The transaction is not kept any more: it was deleted at " + when.get(0));
        }
    }

    /**
     * Whether a repetition agrees with what is gone, as it would have had to agree with what was stored.
     *
     * @param content the function {@code content_digest} of it; null if nothing is known of it
     * @param lenient whether what one of both lacks contradicts nothing
     * @param values in the order of that function, of numbers without zeros at their end
     */
    public static boolean agrees(byte @Nullable [] content, boolean lenient, String id, @Nullable String... values) {
        if (content == null) {
            return true;
        }
        for (int i = 0; i < values.length; i++) {
            byte[] then = Arrays.copyOfRange(content, i * PART, (i + 1) * PART);
            byte[] now = part(id, values[i]);
            boolean isMissing = Arrays.equals(then, MISSING) || Arrays.equals(now, MISSING);
            if (!Arrays.equals(then, now) && !(lenient && isMissing)) {
                return false;
            }
        }
        return true;
    }

    private static byte[] part(String id, @Nullable String value) {
        if (value == null) {
            return MISSING;
        }
        byte[] text = (id + '\u001F' + value).getBytes(StandardCharsets.UTF_8);
        try {
            return Arrays.copyOf(MessageDigest.getInstance("SHA-256").digest(text), PART);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible); // Every Java has it.
        }
    }
}
