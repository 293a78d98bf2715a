package dev.tallyhook.problem;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SqlStateTest {

    @ParameterizedTest
    @CsvSource({
        "54000, THE_DATABASE, out of transaction ids",
        "53100, THE_DATABASE, disk full",
        "53200, THE_DATABASE, out of memory",
        "53300, THE_DATABASE, too many connections",
        "53400, THE_DATABASE, configuration limit exceeded",
        "42501, THE_DATABASE, a privilege was taken away",
        "42P01, THE_DATABASE, the table is gone",
        "42703, THE_DATABASE, the column is gone",
        "0A000, THE_DATABASE, cached plan must not change result type",
        "26000, THE_DATABASE, the prepared statement does not exist",
        "25006, THE_DATABASE, read only",
        "25P02, THE_DATABASE, the transaction has failed",
        "25P04, THE_DATABASE, transaction timeout",
        "57014, THE_DATABASE, statement timeout",
        "57P01, THE_DATABASE, admin shutdown",
        "57P03, THE_DATABASE, cannot connect now",
        "40001, THE_DATABASE, serialization failure",
        "40P01, THE_DATABASE, deadlock",
        "55000, THE_DATABASE, not in prerequisite state",
        "55006, THE_DATABASE, in use",
        "3F000, THE_DATABASE, no schema",
        "3D000, THE_DATABASE, no database",
        "28P01, THE_DATABASE, wrong password",
        "08006, THE_DATABASE, connection lost",
        "58000, THE_DATABASE, system error",
        "99999, THE_DATABASE, the driver's unexpected error",
        "55P03, PERHAPS_THE_ROW, lock not available",
        "58030, PERHAPS_THE_ROW, a block cannot be read",
        "58P01, PERHAPS_THE_ROW, a segment is gone",
        "XX000, PERHAPS_THE_ROW, internal error",
        "XX001, PERHAPS_THE_ROW, damaged page",
        "XX002, PERHAPS_THE_ROW, damaged index",
        "P0001, PERHAPS_THE_ROW, raised by a trigger",
        "22021, THE_ROW, not in the encoding",
        "22P05, THE_ROW, untranslatable character",
        "22003, THE_ROW, numeric out of range",
        "23502, THE_ROW, not null",
        "23505, THE_ROW, unique",
        "23514, THE_ROW, check",
        "44000, THE_ROW, with check option",
        "ZZ000, UNKNOWN, nobody knows"
    })
    void each_failure_is_one_rows_or_everybodys(String state, Blame blame, String what) {
        assertEquals(blame, DatabaseFailure.blame(new SQLException(what, state)), what);
    }

    @Test
    void no_connection_is_everybodys_whatever_the_driver_says_of_it() {
        assertEquals(Blame.THE_DATABASE, DatabaseFailure.blame(new SQLException("the pool is empty")));
        assertEquals(Blame.THE_DATABASE, DatabaseFailure.blame(new SQLException("unknown", "")));
        assertEquals(
                Blame.THE_DATABASE, DatabaseFailure.blame(new SQLTransientConnectionException("refused", "22000")));
    }

    @Test
    void a_line_in_the_log_ends_with_the_code_that_the_table_explains() {
        assertEquals(
                "permission denied (SQLSTATE 42501)",
                DatabaseFailure.reason(new IllegalStateException(new SQLException("permission denied", "42501"))));
        assertEquals("no connection", DatabaseFailure.reason(new SQLException("no connection")));
    }

    @Test
    void the_table_is_documented_as_it_is() throws IOException {
        assertEquals(
                Arrays.stream(SqlState.values()).map(SqlState::asDocumented).toList(),
                Files.readAllLines(Path.of("docs/sqlstates.md")).stream()
                        .filter(line -> line.startsWith("| `"))
                        .toList());
    }
}
