package dev.tallyhook.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

class MessageIdTest {

    /** {@code printf 'transaction.processed\ntxn_1' | sha256sum}. */
    @Test
    void a_message_is_named_by_what_it_tells() {
        assertEquals("msg_d2be6a9ca7015cbcc204820b0ab2680d4722e5ad", MessageId.of("transaction.processed", "txn_1"));
    }

    @Test
    void another_event_of_the_same_transaction_is_another_message() {
        assertNotEquals(MessageId.of("transaction.accepted", "txn_1"), MessageId.of("transaction.processed", "txn_1"));
    }
}
