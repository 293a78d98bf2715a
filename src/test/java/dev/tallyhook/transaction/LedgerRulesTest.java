package dev.tallyhook.transaction;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.agroal.api.AgroalDataSource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.postgresql.util.PSQLException;

/** Whoever writes to the ledger beside the intake cannot put in what the intake would refuse. */
@QuarkusTest
class LedgerRulesTest {

    private static final Map<String, String> WEBHOOK = Map.of(
            "transaction_id", "'rules'",
            "source_account", "'a'",
            "destination_account", "'b'",
            "amount", "1.5",
            "currency", "'INR'",
            "due_at", "now()");

    private static final Map<String, String> EVENT = Map.of(
            "transaction_id", "'shop:rules'",
            "source", "'shop'",
            "due_at", "now()",
            "amount", "-1.123456789012345678",
            "currency", "'USDC2'",
            "amount_sent", "'1'",
            "amount_unit", "'i'",
            "request", "1",
            "request_place", "0");

    @Inject
    AgroalDataSource database;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "transaction_id      | ''                            | transaction_id_is_an_identifier",
                "transaction_id      | repeat('a', 256)              | transaction_id_is_an_identifier",
                "transaction_id      | '..'                          | transaction_id_is_an_identifier",
                "transaction_id      | '.'                           | transaction_id_is_an_identifier",
                "transaction_id      | E'a\\u0085'                   | transaction_id_is_an_identifier",
                "source_account      | E'\\n'                        | account_is_an_identifier",
                "source_account      | ''                            | account_is_an_identifier",
                "destination_account | repeat('b', 256)              | account_is_an_identifier",
                "destination_account | E'\\u007f'                    | account_is_an_identifier",
                "source_account      | NULL                          | built_in_is_whole_and_no_event",
                "destination_account | NULL                          | built_in_is_whole_and_no_event",
                "amount              | NULL                          | built_in_is_whole_and_no_event",
                "currency            | NULL                          | built_in_is_whole_and_no_event",
                "amount              | 0                             | amount_is_positive_and_exact",
                "amount              | -1                            | amount_is_positive_and_exact",
                "amount              | 1000000000000000000           | amount_is_positive_and_exact",
                "amount              | 1.00001                       | amount_is_positive_and_exact",
                "amount              | 'NaN'                         | amount_is_positive_and_exact",
                "currency            | 'inr'                         | currency_is_a_code",
                "currency            | 'USDC'                        | currency_is_a_code",
                "due_at              | 'infinity'                    | time_is_finite",
                "traceparent         | 'short'                       | traceparent_has_55_characters",
                "type                | 'paid'                        | built_in_is_whole_and_no_event",
                "subject             | 's'                           | built_in_is_whole_and_no_event",
                "occurred_at         | now()                         | built_in_is_whole_and_no_event",
                "unmapped            | 'amount'                      | built_in_is_whole_and_no_event",
                "request             | 1                             | built_in_is_whole_and_no_event",
                "request_place       | 0                             | built_in_is_whole_and_no_event",
                "amount_sent         | '1'                           | built_in_is_whole_and_no_event",
                "amount_unit         | 'i'                           | built_in_is_whole_and_no_event",
                "status              | 'DONE'                        | processed_means_finished_and_never_early",
                "status              | 'PROCESSED'                   | processed_means_finished_and_never_early",
                "processed_at        | now()                         | processed_means_finished_and_never_early",
            })
    void a_webhook_keeps_the_rules_of_the_intake(String column, String value, String rule) throws SQLException {
        assertRefused(WEBHOOK, column, value, rule);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "transaction_id | ''                      | transaction_id_is_an_identifier",
                "source_account | ''                      | account_is_an_identifier",
                "source         | 'Shop'                  | source_is_a_name",
                "source         | '-'                     | source_is_a_name",
                "amount         | 1000000000000000000     | amount_is_exact",
                "amount         | 0.0000000000000000001   | amount_is_exact",
                "currency       | 'us'                    | currency_is_a_code",
                "occurred_at    | '-infinity'             | time_is_finite",
                "amount_unit    | 'x'                     | unit_is_minor_or_major",
                "amount_unit    | NULL                    | built_in_is_whole_and_no_event",
                "amount_sent    | NULL                    | built_in_is_whole_and_no_event",
                "request_place  | NULL                    | built_in_is_whole_and_no_event",
                "request        | NULL                    | built_in_is_whole_and_no_event",
            })
    void an_event_keeps_the_rules_of_named_senders(String column, String value, String rule) throws SQLException {
        assertRefused(EVENT, column, value, rule);
    }

    @Test
    void nothing_is_finished_before_it_is_due() throws SQLException {
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(insert(WEBHOOK));
            assertBroken("processed_means_finished_and_never_early", () -> statement.execute("""
                            UPDATE transactions
                            SET status = 'PROCESSED', processed_at = due_at - interval '1 us'
                            WHERE transaction_id = 'rules'
                            """));
            connection.rollback();
        }
    }

    private void assertRefused(Map<String, String> right, String column, String value, String rule)
            throws SQLException {
        var wrong = new HashMap<>(right);
        wrong.put(column, value);
        try (Connection connection = database.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            assertEquals(1, statement.executeUpdate(insert(right)));
            connection.rollback();
            assertBroken(rule, () -> statement.execute(insert(wrong)));
            connection.rollback();
        }
    }

    private static void assertBroken(String rule, Executable write) {
        var refused = assertThrows(PSQLException.class, write);
        assertEquals("23514", refused.getSQLState(), refused.getMessage());
        assertEquals(rule, refused.getServerErrorMessage().getConstraint());
    }

    private static String insert(Map<String, String> row) {
        var columns = row.keySet().stream().sorted().toList();
        return "INSERT INTO transactions (" + String.join(", ", columns) + ") VALUES ("
                + String.join(", ", columns.stream().map(row::get).toList()) + ")";
    }
}
