package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Unmapped;
import io.vertx.core.MultiMap;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeptEventTest {

    private static final String AT = "2026-11-27T10:00:00Z";

    private static KeptEvent kept(String type, String subject, Instant occurredAt, Unmapped unmapped) {
        return new KeptEvent(
                "shop:1",
                "shop",
                "1/1",
                null,
                null,
                null,
                null,
                type,
                subject,
                occurredAt,
                unmapped.code(),
                null,
                null);
    }

    private static Webhook now(String type, @Nullable String subject, String occurredAt) {
        var raw = RawDelivery.of(
                new Delivery(MultiMap.caseInsensitiveMultiMap(), null, new byte[0]),
                new MadeUpScheme(delivery -> List.of(), List.of()));
        return new Webhook(
                "shop:1",
                null,
                null,
                null,
                null,
                null,
                new EventRow("shop", type, subject, Instant.parse(occurredAt), null, null, raw));
    }

    private static boolean isContradicted(KeptEvent kept, Webhook now) {
        return kept.isContradictedBy(now, now.event());
    }

    /** PostgreSQL rounded it. */
    @ParameterizedTest
    @CsvSource({
        "2023-05-24T09:28:33.751560Z, 2023-05-24T09:28:33.7515599Z, false",
        "2023-05-24T09:28:33.751560Z, 2023-05-24T09:28:33.751560499Z, false",
        "2023-05-24T09:28:34.000000Z, 2023-05-24T09:28:33.9999999Z, false",
        "2023-05-24T09:28:33.751560Z, 2023-05-24T09:28:33.751561Z, true",
        "2023-05-24T09:28:33.751560Z, 2023-05-24T09:28:33.751559Z, true",
    })
    void a_time_that_was_finer_than_is_kept_is_the_same(String kept, String sent, boolean contradicted) {
        assertEquals(
                contradicted,
                isContradicted(kept("paid", "p", Instant.parse(kept), Unmapped.NO_CURRENCY), now("paid", "p", sent)));
    }

    @Test
    void what_an_unknown_type_is_about_was_a_guess() {
        KeptEvent unknown = kept("link.paid", "link", Instant.parse(AT), Unmapped.UNKNOWN_TYPE);
        Webhook known = now("link.paid", "payment", AT);
        assertFalse(isContradicted(unknown, known));
        assertEquals("payment", unknown.filledFrom(known, known.event(), null).subject());
        Webhook silent = now("link.paid", null, AT);
        assertEquals("link", unknown.filledFrom(silent, silent.event(), null).subject());
        assertTrue(isContradicted(unknown, now("link.made", "payment", AT)), "its type is no guess");
        assertTrue(isContradicted(kept("link.paid", "link", Instant.parse(AT), Unmapped.NO_CURRENCY), known));
    }
}
