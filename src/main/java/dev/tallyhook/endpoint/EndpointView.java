package dev.tallyhook.endpoint;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An endpoint as readers see it.
 *
 * @param url without its query for who may only read: that may be a secret
 * @param publicKey of {@code v1a}, what signatures are checked with; of another signature it is left out
 * @param secrets what tells them apart; null if this replica cannot open them
 * @param configured whether its settings are in the configuration, and cannot be changed here
 * @param failures attempts in a row
 * @param secret what messages are signed with: shown once, to who has made the endpoint, and left out from then on
 */
record EndpointView(
        String endpointId,
        String url,
        @Nullable String description,
        EndpointState state,
        @Nullable String disabledBecause,
        @Nullable Instant disabledAt,
        List<String> events,
        @Nullable List<String> sources,
        @Nullable List<String> types,
        @Nullable List<String> currencies,
        @Nullable List<String> accounts,
        @Nullable BigDecimal amountMin,
        String signature,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String publicKey,
        @Nullable List<Key> secrets,
        boolean configured,
        Instant createdAt,
        Instant changedAt,
        @Nullable Long waiting,
        @Nullable Long deadLetters,
        @Nullable Instant failingSince,
        int failures,
        @Nullable Instant retryAt,
        @Nullable Instant deliveredAt,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String secret) {

    /** A key, without what it is. */
    record Key(String hint, @Nullable Instant expiresAt) {}

    /**
     * Of a row.
     *
     * @param keys nothing if they cannot be opened
     * @param whole whether to show the query of the URL
     * @param secret to be shown once
     */
    static EndpointView of(
            EndpointRow row,
            Optional<KeyRing> keys,
            EndpointCounts.@Nullable Counts counts,
            boolean whole,
            @Nullable String secret) {
        EndpointSettings settings = row.settings();
        Optional<KeyRing> valid = keys.map(ring -> ring.validAt(row.readAt()));
        return new EndpointView(
                row.id(),
                whole ? settings.url() : EndpointSettings.withoutQuery(settings.url()),
                settings.description(),
                row.state(),
                row.disabledBecause(),
                row.disabledAt(),
                settings.events(),
                settings.sources(),
                settings.types(),
                settings.currencies(),
                settings.accounts(),
                settings.amountMin(),
                row.version().label(),
                valid.flatMap(ring -> ring.newest().publicKey()).orElse(null),
                valid.map(EndpointView::hints).orElse(null),
                row.isConfigured(),
                row.createdAt(),
                row.changedAt(),
                counts == null ? null : counts.waiting(),
                counts == null ? null : counts.deadLetters(),
                row.failingSince(),
                row.failures(),
                row.retryAt(),
                row.deliveredAt(),
                secret);
    }

    private static List<Key> hints(KeyRing ring) {
        return ring.entries().stream()
                .map(entry -> new Key(entry.key().hint(), entry.expiresAt()))
                .toList();
    }
}
