package dev.tallyhook.problem;

import static dev.tallyhook.problem.Blame.PERHAPS_THE_ROW;
import static dev.tallyhook.problem.Blame.THE_DATABASE;
import static dev.tallyhook.problem.Blame.THE_ROW;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What the statements of the service can meet, by SQLSTATE: a code of five characters, or a class of two for its codes that are
 * not named. {@code docs/sqlstates.md} is this table for readers.
 *
 * @see <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL error codes</a>
 */
enum SqlState {
    CONNECTION_EXCEPTION("08", THE_DATABASE, "no connection is to be had, or it broke"),
    FEATURE_NOT_SUPPORTED("0A", THE_DATABASE, "a cached plan that a change of the schema has made wrong (0A000)"),
    DATA_EXCEPTION("22", THE_ROW, "a value that cannot be taken, or not in this encoding (22021, 22P05)"),
    INTEGRITY_CONSTRAINT_VIOLATION("23", THE_ROW, "a constraint refuses the row"),
    INVALID_TRANSACTION_STATE(
            "25", THE_DATABASE, "it is read only (25006), or the transaction has failed or timed out"),
    INVALID_SQL_STATEMENT_NAME(
            "26", THE_DATABASE, "the session has lost a prepared statement, such as behind a pooler"),
    TRIGGERED_DATA_CHANGE_VIOLATION("27", PERHAPS_THE_ROW, "a trigger that somebody added has changed the row itself"),
    INVALID_AUTHORIZATION("28", THE_DATABASE, "the password, the role or pg_hba.conf lets nobody in"),
    EXTERNAL_ROUTINE_EXCEPTION("38", PERHAPS_THE_ROW, "a trigger that somebody added has failed"),
    EXTERNAL_ROUTINE_INVOCATION_EXCEPTION("39", PERHAPS_THE_ROW, "a trigger that somebody added has failed"),
    INVALID_CATALOG_NAME("3D", THE_DATABASE, "there is no such database"),
    INVALID_SCHEMA_NAME("3F", THE_DATABASE, "there is no such schema"),
    TRANSACTION_ROLLBACK("40", THE_DATABASE, "a deadlock or a serialization failure, which another try passes"),
    SYNTAX_OR_ACCESS_RULE("42", THE_DATABASE, "a privilege, a table or a column is missing, or of another type"),
    WITH_CHECK_OPTION_VIOLATION("44", THE_ROW, "a view refuses the row"),
    INSUFFICIENT_RESOURCES(
            "53", THE_DATABASE, "the disk is full (53100), memory (53200) or connections (53300) are used up"),
    PROGRAM_LIMIT_EXCEEDED(
            "54", THE_DATABASE, "it is out of transaction ids or multixacts (54000); no row here is too large"),
    OBJECT_NOT_IN_PREREQUISITE_STATE(
            "55", THE_DATABASE, "the table or an index is in use, or not in a state to be used"),
    LOCK_NOT_AVAILABLE("55P03", PERHAPS_THE_ROW, "another session holds the row, or the table"),
    OPERATOR_INTERVENTION(
            "57", THE_DATABASE, "it starts, stops or recovers (57P01 to 57P05), or a statement took too long (57014)"),
    SYSTEM_ERROR("58", THE_DATABASE, "the operating system fails it"),
    IO_ERROR("58030", PERHAPS_THE_ROW, "a block cannot be read or written: this one, or any"),
    UNDEFINED_FILE("58P01", PERHAPS_THE_ROW, "a file of the table or of an index is gone: a part of it, or all"),
    DRIVER_FAILURE("99", THE_DATABASE, "the driver met what it does not know"),
    CONFIG_FILE_ERROR("F0", THE_DATABASE, "a file of its configuration cannot be read"),
    PL_PGSQL_ERROR("P0", PERHAPS_THE_ROW, "a trigger that somebody added refuses the row, or fails"),
    INTERNAL_ERROR(
            "XX", PERHAPS_THE_ROW, "a page of the table (XX001) or of an index (XX002) is damaged: this one, or any");

    private static final int CLASS_LENGTH = 2;

    private static final Map<String, SqlState> BY_CODE =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(SqlState::code, Function.identity()));

    private final String code;
    private final Blame blame;
    private final String reason;

    SqlState(String code, Blame blame, String reason) {
        this.code = code;
        this.blame = blame;
        this.reason = reason;
    }

    /** Whose fault it is that a statement ended with a SQLSTATE of five characters. */
    static Blame blame(String sqlState) {
        SqlState named = BY_CODE.get(sqlState);
        SqlState known = named == null ? BY_CODE.get(sqlState.substring(0, CLASS_LENGTH)) : named;
        return known == null ? Blame.UNKNOWN : known.blame;
    }

    String code() {
        return code;
    }

    /** As a line of the table in {@code docs/sqlstates.md}. */
    String asDocumented() {
        return "| `%s` | %s | %s |".formatted(code, blame.inWords(), reason);
    }
}
