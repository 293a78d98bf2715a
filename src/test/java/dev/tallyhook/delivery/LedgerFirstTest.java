package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What is due comes before what is to be told, but not forever. */
class LedgerFirstTest {

    private long now = Long.MAX_VALUE - 1_000; // So that the clock turns over, as it may.
    private final LedgerFirst ledgerFirst = new LedgerFirst(() -> now);

    private void pass(Duration time) {
        now += time.toNanos();
    }

    @Test
    void telling_waits_while_there_is_more_and_goes_on_soon_after() {
        assertFalse(ledgerFirst.comes());
        ledgerFirst.moreIsDue();
        assertTrue(ledgerFirst.comes());
        pass(LedgerFirst.AGAIN_WITHIN.minusNanos(1));
        assertTrue(ledgerFirst.comes());
        pass(Duration.ofNanos(1));
        assertFalse(ledgerFirst.comes());
    }

    @Test
    void telling_does_not_wait_forever_and_waits_again_for_what_is_due_later() {
        Duration step = LedgerFirst.AGAIN_WITHIN.dividedBy(2);
        ledgerFirst.moreIsDue();
        for (Duration waited = Duration.ZERO; waited.compareTo(LedgerFirst.WAIT_MAX) < 0; waited = waited.plus(step)) {
            assertTrue(ledgerFirst.comes(), waited.toString());
            pass(step);
            ledgerFirst.moreIsDue();
        }
        assertFalse(ledgerFirst.comes());
        pass(LedgerFirst.AGAIN_WITHIN);
        ledgerFirst.moreIsDue();
        assertTrue(ledgerFirst.comes());
    }
}
