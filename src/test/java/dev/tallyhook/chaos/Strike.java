package dev.tallyhook.chaos;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;

/**
 * A fault that struck. All times are microseconds of the epoch.
 *
 * @param lifted when whatever was taken away was there again, so that the service could recover
 * @param over when all was as before
 * @param recovery from {@code lifted} until the first webhook that was sent after it was accepted
 * @param fullRecovery from when every replica was healthy again until each of them had accepted one; one that was just started
 *     is a cold JVM that the senders' retries meet at once
 * @param excused until when due rows may wait, because nobody could have finished them; 0 if they may not
 */
record Strike(String fault, long struck, long lifted, long over, long recovery, long fullRecovery, long excused) {

    /** How soon after the end of an outage webhooks must be accepted again. */
    static final Duration RECOVERY_MAX = Duration.ofSeconds(5);

    /** And so soon by every replica. */
    static final Duration FULL_RECOVERY_MAX = Duration.ofSeconds(30);

    /** Once webhooks are accepted again, so soon at the latest what is due is finished again. */
    static final long SETTLING_MICROS = 1_000_000;

    void bind(PreparedStatement insert, int number) throws SQLException {
        insert.setInt(1, number);
        insert.setString(2, fault);
        insert.setLong(3, struck);
        insert.setLong(4, lifted);
        insert.setLong(5, over);
        insert.setLong(6, recovery);
        insert.setLong(7, fullRecovery);
        insert.setLong(8, excused);
        insert.setLong(9, struck);
        insert.setLong(10, excused);
    }
}
