package dev.tallyhook.source;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * What a provider tells of.
 *
 * @param identity what makes it the same event when it comes again, within its source
 * @param type the provider's name for what has happened
 * @param subject what it happened to, such as the payment
 * @param occurredAt by the provider's clock
 * @param sourceAccount who paid, as the provider names them
 * @param destinationAccount who was paid
 * @param unmapped why not all of it could be mapped, or null if it was
 */
public record Event(
        String identity,
        @Nullable String type,
        @Nullable String subject,
        @Nullable Instant occurredAt,
        @Nullable String sourceAccount,
        @Nullable String destinationAccount,
        @Nullable Money money,
        @Nullable Unmapped unmapped) {

    /** An event that nothing else is known of yet. */
    public static Event of(String identity) {
        return new Event(identity, null, null, null, null, null, null, null);
    }

    /** What cannot even be told apart by what it says is told apart by its bytes. */
    public static Event ofBytes(byte[] body, Unmapped why) {
        return of(digest(body)).because(why);
    }

    public Event ofType(@Nullable String what) {
        return new Event(identity, what, subject, occurredAt, sourceAccount, destinationAccount, money, unmapped);
    }

    public Event about(@Nullable String what) {
        return new Event(identity, type, what, occurredAt, sourceAccount, destinationAccount, money, unmapped);
    }

    public Event at(@Nullable Instant when) {
        return new Event(identity, type, subject, when, sourceAccount, destinationAccount, money, unmapped);
    }

    public Event from(@Nullable String account) {
        return new Event(identity, type, subject, occurredAt, account, destinationAccount, money, unmapped);
    }

    public Event to(@Nullable String account) {
        return new Event(identity, type, subject, occurredAt, sourceAccount, account, money, unmapped);
    }

    public Event worth(@Nullable Money howMuch) {
        return new Event(identity, type, subject, occurredAt, sourceAccount, destinationAccount, howMuch, unmapped);
    }

    /** Marks it, unless it is marked already: the first reason is the one to mend. */
    public Event because(@Nullable Unmapped why) {
        return unmapped != null
                ? this
                : new Event(identity, type, subject, occurredAt, sourceAccount, destinationAccount, money, why);
    }

    /** A name for these bytes: {@code sha256:} and 64 hexadecimal digits. */
    public static String digest(byte[] bytes) {
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }

    /** The same of a text. */
    public static String digest(String text) {
        return digest(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Says which one, but not whose money and how much: this line may reach a log. */
    @Override
    public String toString() {
        return "Event[" + identity + "]";
    }
}
