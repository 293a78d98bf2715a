package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.runtime.QuarkusBindException;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigValidationException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.UnknownHostException;
import java.nio.file.NoSuchFileException;
import java.sql.SQLException;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Stream;
import org.flywaydb.core.api.FlywayException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The failures are as the packaged service gives them; a native binary gives the same with other wrappings. */
class StartFailureTest {

    private static final String URL = StartFailure.NEEDS_DATABASE;

    private static Throwable invalid(String... problems) {
        return new ConfigValidationException(Stream.of(problems)
                .map(ConfigValidationException.Problem::new)
                .toArray(ConfigValidationException.Problem[]::new));
    }

    /** As the JVM gives it. */
    private static Throwable onJvm(Throwable cause) {
        return new RuntimeException("Failed to start quarkus", cause);
    }

    /** As a native binary may give it. */
    private static Throwable natively(Throwable cause) {
        return new ExceptionInInitializerError(new IllegalStateException(cause));
    }

    private static Throwable sql(String state, String message) {
        return new FlywayException(
                "Unable to obtain connection from database (jdbc:postgresql://db/tallyhook) for user 'tally': "
                        + message + "\n--------\nSQL State  : " + state + "\nError Code : 0\nMessage    : " + message
                        + "\n",
                new SQLException(message, state));
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(
                        "a setting out of range",
                        invalid("tallyhook.processing.batch-size must be at least 1, and is 0"),
                        List.of("tallyhook.processing.batch-size must be at least 1, and is 0")),
                Arguments.of("two settings", invalid("a must be", "b must be"), List.of("a must be", "b must be")),
                Arguments.of(
                        "a value that is none",
                        invalid("java.lang.IllegalArgumentException: SRCFG00039: The config property"
                                + " tallyhook.processing.delay with the config value \"soon\" threw an Exception whilst being"
                                + " converted Invalid duration: soon"),
                        List.of("tallyhook.processing.delay cannot be \"soon\": Invalid duration: soon")),
                Arguments.of(
                        "a number that is none",
                        invalid(
                                "java.lang.IllegalArgumentException: SRCFG00039: The config property quarkus.http.port with"
                                        + " the config value \"x\" threw an Exception whilst being converted SRCFG00029: Expected an"
                                        + " integer value, got \"x\""),
                        List.of("quarkus.http.port cannot be \"x\": Expected an integer value, got \"x\"")),
                Arguments.of(
                        "the same, not gathered",
                        new IllegalArgumentException(
                                "SRCFG00039: The config property tallyhook.processing.delay with the"
                                        + " config value \"soon\" threw an Exception whilst being converted Invalid duration: soon"),
                        List.of("tallyhook.processing.delay cannot be \"soon\": Invalid duration: soon")),
                Arguments.of(
                        "no URL, as pools say it",
                        new ConfigurationException(
                                "Unable to find datasource '<default>' for persistence unit '<default>': Bean is not active\n"
                                        + "Reason: Datasource '<default>' was deactivated automatically because its URL is not"
                                        + " set. To activate the datasource, set configuration property"
                                        + " 'quarkus.datasource.jdbc.url'."),
                        List.of(URL)),
                Arguments.of(
                        "no URL, as settings say it that refer to it",
                        new NoSuchElementException(
                                "SRCFG00011: Could not expand value quarkus.datasource.jdbc.url in property"
                                        + " quarkus.datasource.intake.jdbc.url"),
                        List.of(URL)),
                Arguments.of(
                        "no URL and a setting out of range, in one",
                        invalid(
                                "java.util.NoSuchElementException: SRCFG00011: Could not expand value"
                                        + " quarkus.datasource.jdbc.url in property quarkus.flyway.jdbc-url",
                                "a must be"),
                        List.of(URL, "a must be")),
                Arguments.of(
                        "what a part refuses",
                        new ConfigurationException("tallyhook.webhook.secrets-file must have at least one entry"),
                        List.of("tallyhook.webhook.secrets-file must have at least one entry")),
                Arguments.of(
                        "a refusal of several lines",
                        new ConfigurationException("The database is in SQL_ASCII\n  create one in UTF8\n"),
                        List.of("The database is in SQL_ASCII; create one in UTF8")),
                Arguments.of(
                        "a refusal inside of a migration",
                        new FlywayException("Migration failed", new ConfigurationException("The database is wrong")),
                        List.of("The database is wrong")),
                Arguments.of(
                        "a port that is taken",
                        new QuarkusBindException("0.0.0.0", 8000, new BindException("Address already in use")),
                        List.of(
                                "Port already bound: 8000: Address already in use; stop what listens there, or set another port by"
                                        + " QUARKUS_HTTP_PORT, QUARKUS_HTTP_SSL_PORT or QUARKUS_MANAGEMENT_PORT")),
                Arguments.of(
                        "the operators' port that is taken",
                        new IllegalStateException(
                                "Unable to start the management interface on 0.0.0.0:9000",
                                new BindException("Address already in use")),
                        List.of(
                                "Unable to start the management interface on 0.0.0.0:9000: Address already in use; stop what"
                                        + " listens there, or set another port by QUARKUS_HTTP_PORT, QUARKUS_HTTP_SSL_PORT or"
                                        + " QUARKUS_MANAGEMENT_PORT")),
                Arguments.of(
                        "a wrong password",
                        sql("28P01", "FATAL: password authentication failed for user \"tally\""),
                        List.of(
                                "The database does not let its user in: set QUARKUS_DATASOURCE_USERNAME and"
                                        + " QUARKUS_DATASOURCE_PASSWORD (FATAL: password authentication failed for user \"tally\")")),
                Arguments.of(
                        "a database that is not there",
                        sql("3D000", "FATAL: database \"none\" does not exist"),
                        List.of(
                                "There is no such database: create it, or set another in QUARKUS_DATASOURCE_JDBC_URL (FATAL:"
                                        + " database \"none\" does not exist)")),
                Arguments.of(
                        "a host that is not known",
                        new FlywayException(
                                "Unable to obtain connection",
                                new SQLException(
                                        "The connection attempt failed.", "08001", new UnknownHostException("nohost"))),
                        List.of(
                                "The database's host is not known (nohost): set QUARKUS_DATASOURCE_JDBC_URL to where it is")),
                Arguments.of(
                        "files of a certificate that are not there",
                        new IllegalStateException(
                                "Invalid key/certificate pair configuration for certificate '<default>' - cannot read the"
                                        + " key/certificate files",
                                new UncheckedIOException(
                                        "Unable to read file /none.crt", new NoSuchFileException("/none.crt"))),
                        List.of(
                                "Invalid key/certificate pair configuration for certificate '<default>' - cannot read the"
                                        + " key/certificate files: Unable to read file /none.crt")),
                Arguments.of(
                        "a URL that is none of JDBC",
                        new FlywayException("No Flyway database plugin found to handle postgres://db/tallyhook."),
                        List.of(
                                "QUARKUS_DATASOURCE_JDBC_URL must begin with jdbc:postgresql:// (No Flyway database plugin found"
                                        + " to handle postgres://db/tallyhook.)")),
                Arguments.of("what nobody has foreseen", new IllegalStateException("Unknown state"), List.of()),
                Arguments.of("a failure without a message", new NullPointerException(), List.of()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("failures")
    void each_failure_is_told_by_what_failed_however_it_is_wrapped(String name, Throwable cause, List<String> lines) {
        for (Throwable failure : List.of(cause, onJvm(cause), natively(cause))) {
            assertEquals(lines, StartFailure.lines(failure, false));
        }
    }

    @Test
    void a_missing_url_is_told_beside_what_else_is_wrong_and_never_instead_of_it() {
        assertEquals(List.of("a must be", URL), StartFailure.lines(onJvm(invalid("a must be")), true));
        assertEquals(
                List.of(URL), StartFailure.lines(new ConfigurationException("no quarkus.datasource.jdbc.url"), true));
        assertEquals(List.of(), StartFailure.lines(new IllegalStateException("Unknown state"), true));
    }

    @Test
    void a_migration_that_failed_is_told_in_one_line() {
        var failure = new FlywayException(
                "Script V003__index_lists.sql failed\n---------\nSQL State  : 53100\nMessage    : ERROR: could not extend file\n",
                new SQLException("ERROR: could not extend file", "53100"));
        List<String> lines = StartFailure.lines(onJvm(failure), false);
        assertEquals(1, lines.size());
        assertTrue(lines.get(0)
                .startsWith("The schema cannot be migrated: Script V003__index_lists.sql failed; SQL State"));
        assertTrue(lines.get(0).contains("QUARKUS_FLYWAY_REPAIR_AT_START=true"), lines.get(0));
        assertFalse(lines.get(0).contains("\n"), lines.get(0));
    }

    @Test
    void a_password_in_the_url_is_not_repeated() {
        var failure = new FlywayException(
                "Unable to obtain connection from database (jdbc:postgresql://db/t?user=u&password=secret&ssl=true)");
        assertFalse(StartFailure.lines(failure, false).toString().contains("secret"));
        var user = new FlywayException("No Flyway database plugin found to handle postgres://u:secret@db/t");
        assertFalse(StartFailure.lines(user, false).toString().contains("secret"));
    }

    @Test
    void causes_in_a_circle_come_to_an_end() {
        var inner = new IllegalStateException("inner");
        var outer = new IllegalStateException("outer", inner);
        inner.initCause(outer);
        assertEquals(List.of(), StartFailure.lines(outer, false));
    }
}
