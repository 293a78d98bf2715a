package dev.tallyhook.intake;

import dev.tallyhook.source.Money;
import dev.tallyhook.source.Unmapped;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An event as its rows have it.
 *
 * @param request names the request that brought it, perhaps with others
 */
record KeptEvent(
        String transactionId,
        String source,
        String request,
        @Nullable String sourceAccount,
        @Nullable String destinationAccount,
        @Nullable BigDecimal amount,
        @Nullable String currency,
        @Nullable String type,
        @Nullable String subject,
        @Nullable Instant occurredAt,
        @Nullable String unmapped,
        @Nullable String amountSent,
        @Nullable String amountUnit) {

    private static final Duration MICROSECOND = Duration.ofNanos(1_000);

    /**
     * With what its request tells now where it had nothing; what is there stays.
     *
     * @param reason why it is still not mapped in full, or null
     */
    KeptEvent filledFrom(Webhook now, EventRow event, @Nullable String reason) {
        Money sent = event.sent();
        return new KeptEvent(
                transactionId,
                source,
                request,
                first(sourceAccount, now.sourceAccount()),
                first(destinationAccount, now.destinationAccount()),
                first(amount, now.amount()),
                first(currency, now.currency()),
                first(type, event.type()),
                subjectMayChange() ? first(event.subject(), subject) : first(subject, event.subject()),
                first(occurredAt, event.occurredAt()),
                reason,
                first(amountSent, sent == null ? null : sent.sent()),
                first(amountUnit, sent == null ? null : sent.unit().code()));
    }

    private static <T> @Nullable T first(@Nullable T stored, @Nullable T now) {
        return stored == null ? now : stored;
    }

    /** Whether its request tells now less than is here, or something else: then neither is known to be right. */
    boolean isContradictedBy(Webhook now, EventRow event) {
        return differs(sourceAccount, now.sourceAccount())
                || differs(destinationAccount, now.destinationAccount())
                || (amount != null && (now.amount() == null || amount.compareTo(now.amount()) != 0))
                || differs(currency, now.currency())
                || differs(type, event.type())
                || (differs(subject, event.subject()) && !subjectMayChange())
                || (occurredAt != null && !isStoredAs(occurredAt, event.occurredAt()));
    }

    /** What an unknown type is about is a guess, its object alone; a version that has a rule for it knows. */
    private boolean subjectMayChange() {
        return Unmapped.UNKNOWN_TYPE.code().equals(unmapped);
    }

    /** PostgreSQL rounds what is finer to a microsecond. */
    private static boolean isStoredAs(Instant stored, @Nullable Instant sent) {
        return sent != null && Duration.between(stored, sent).abs().compareTo(MICROSECOND) < 0;
    }

    private static boolean differs(@Nullable Object stored, @Nullable Object now) {
        return stored != null && !Objects.equals(stored, now);
    }
}
