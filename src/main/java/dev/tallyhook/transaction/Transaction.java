package dev.tallyhook.transaction;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.math.BigDecimal;
import java.time.Instant;
import org.hibernate.annotations.Immutable;
import org.jspecify.annotations.Nullable;

/**
 * A row of the ledger, to be read. Rows are written by SQL alone: the insert of the intake and the claim of the
 * processing.
 */
@Entity
@Immutable
@Table(name = "transactions")
@SuppressWarnings("NullAway.Init") // Hibernate fills the columns, and the schema says NOT NULL.
class Transaction {

    @Id
    @Column(name = "transaction_id")
    String transactionId;

    @Nullable
    @Column(name = "source_account")
    String sourceAccount;

    @Nullable
    @Column(name = "destination_account")
    String destinationAccount;

    @Nullable
    @Column(name = "amount")
    BigDecimal amount;

    @Nullable
    @Column(name = "currency")
    String currency;

    @Enumerated(EnumType.STRING)
    @Column(name = "status")
    TransactionStatus status;

    @Column(name = "created_at")
    Instant createdAt;

    @Nullable
    @Column(name = "processed_at")
    Instant processedAt;

    /** The name of its sender; null if it is the built-in source's. */
    @Nullable
    @Column(name = "source")
    String source;

    @Nullable
    @Column(name = "type")
    String type;

    @Nullable
    @Column(name = "subject")
    String subject;

    @Nullable
    @Column(name = "occurred_at")
    Instant occurredAt;

    @Nullable
    @Column(name = "unmapped")
    String unmapped;
}
