package dev.tallyhook;

import io.quarkus.runtime.QuarkusBindException;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigValidationException;
import java.net.BindException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;

/**
 * What is said of a start that failed, from what it failed with: a line for each thing that an operator can mend, or none for
 * what nobody has foreseen. A native binary wraps causes otherwise than the JVM does and may have no configuration left to ask,
 * so what matters is what is among the causes, and neither where it is nor what is configured.
 */
final class StartFailure {

    static final String DATABASE_URL = "quarkus.datasource.jdbc.url";

    static final String NEEDS_DATABASE = "Tallyhook needs a PostgreSQL: set QUARKUS_DATASOURCE_JDBC_URL, such as"
            + " jdbc:postgresql://localhost:5432/tallyhook, and QUARKUS_DATASOURCE_USERNAME and"
            + " QUARKUS_DATASOURCE_PASSWORD";

    /** SmallRye Config numbers its messages. */
    private static final Pattern NUMBER = Pattern.compile("([\\w.$]+(Exception|Error): )*SRCFG\\d{5}: ?");

    private static final Pattern CONVERTED = Pattern.compile(
            "The config property (\\S+) with the config value (\".*\") threw an Exception whilst being converted");

    /** What the framework says of certificates and ports of the service in exceptions of no kind of its own. */
    private static final Pattern CERTIFICATE = Pattern.compile(
            "(?i).*(certificate|\\bpem\\b|key ?store|trust ?store|without enabling SSL|port p must be).*");

    /** A URL may have it, and messages repeat the URL. */
    private static final Pattern PASSWORD =
            Pattern.compile("(?i)(?<=password=)[^&\\s)'\"]+|(?<=//[^/\\s@:]{0,99}:)[^/\\s@]+(?=@)");

    /** What pools and migrations say of a URL that is none of PostgreSQL's. */
    private static final Pattern NO_URL_OF_OURS = Pattern.compile(
            "(?i).*(no flyway database plugin|no database found to handle|not support the provided URL).*");

    private static final Pattern BREAK = Pattern.compile("[\\s-]*\\R[\\s-]*");

    private StartFailure() {}

    /**
     * Says why.
     *
     * @param urlIsMissing whether no URL of a database is configured; where something else is wrong as well, both are told
     * @return no line if it is not for an operator to mend
     */
    static List<String> lines(Throwable failure, boolean urlIsMissing) {
        List<Throwable> causes = causes(failure);
        Set<String> lines = new LinkedHashSet<>();
        Stream.of(invalid(causes), refused(causes), unread(causes), missing(causes), unusable(causes))
                .filter(said -> !said.isEmpty())
                .findFirst()
                .ifPresent(lines::addAll);
        if (urlIsMissing && !lines.isEmpty()) {
            lines.add(NEEDS_DATABASE);
        }
        return lines.stream().map(StartFailure::oneLine).toList();
    }

    /** From the outermost to the innermost. */
    private static List<Throwable> causes(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Throwable> causes = new ArrayList<>();
        for (Throwable cause = failure; cause != null && seen.add(cause); cause = cause.getCause()) {
            causes.add(cause);
        }
        return causes;
    }

    private static <T> Optional<T> find(List<Throwable> causes, Class<T> kind) {
        return causes.stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    private static String message(Throwable failure) {
        return String.valueOf(failure.getMessage());
    }

    /** Settings that break a rule, all of them. */
    private static List<String> invalid(List<Throwable> causes) {
        return find(causes, ConfigValidationException.class)
                .map(invalid -> IntStream.range(0, invalid.getProblemCount())
                        .mapToObj(i ->
                                setting(String.valueOf(invalid.getProblem(i).getMessage())))
                        .toList())
                .orElse(List.of());
    }

    /** What a part of the service, or of the framework, does not start with. */
    private static List<String> refused(List<Throwable> causes) {
        return find(causes, ConfigurationException.class)
                .map(refused -> List.of(setting(message(refused))))
                .orElse(List.of());
    }

    /** A value that is not what its setting takes, or a setting that refers to another one that is not there. */
    private static List<String> unread(List<Throwable> causes) {
        return causes.stream()
                .map(StartFailure::message)
                .filter(message -> NUMBER.matcher(message).find())
                .findFirst()
                .map(message -> List.of(setting(message)))
                .orElse(List.of());
    }

    private static List<String> missing(List<Throwable> causes) {
        boolean url = causes.stream().anyMatch(cause -> message(cause).contains(DATABASE_URL));
        return url ? List.of(NEEDS_DATABASE) : List.of();
    }

    /** Whatever is said of the URL: it is what is to be set. */
    private static String setting(String message) {
        String said = NUMBER.matcher(message).replaceAll("");
        return said.contains(DATABASE_URL)
                ? NEEDS_DATABASE
                : CONVERTED.matcher(said).replaceAll("$1 cannot be $2:");
    }

    /** What is configured rightly, and is not there, not free, or not in order. */
    private static List<String> unusable(List<Throwable> causes) {
        return find(causes, BindException.class)
                .map(taken -> port(causes, taken))
                .or(() -> find(causes, UnknownHostException.class).map(StartFailure::host))
                .or(() -> find(causes, SQLException.class).map(StartFailure::database))
                .or(() -> matching(causes, NO_URL_OF_OURS)
                        .map(said -> "QUARKUS_DATASOURCE_JDBC_URL must begin with jdbc:postgresql:// (" + said + ")"))
                .or(() -> find(causes, FlywayException.class).map(StartFailure::schema))
                .or(() -> matching(causes, CERTIFICATE).map(said -> said + inner(causes, said)))
                .map(List::of)
                .orElse(List.of());
    }

    /** What the innermost says: those around it repeat it, with the names of classes. */
    private static Optional<String> matching(List<Throwable> causes, Pattern pattern) {
        return causes.stream()
                .map(StartFailure::message)
                .filter(message -> pattern.matcher(oneLine(message)).matches())
                .reduce((outer, inner) -> inner);
    }

    /** What the causes of what was said add to it, such as the name of a file. */
    private static String inner(List<Throwable> causes, String said) {
        return causes.stream()
                .map(StartFailure::message)
                .dropWhile(message -> !message.equals(said))
                .skip(1)
                .findFirst()
                .map(message -> ": " + message)
                .orElse("");
    }

    /** Of the two kinds of ports one has an exception that names it, and the other an exception around it that does. */
    private static String port(List<Throwable> causes, BindException taken) {
        String which = taken instanceof QuarkusBindException
                ? message(taken)
                : message(causes.get(Math.max(0, causes.indexOf(taken) - 1))) + ": " + message(taken);
        return which + "; stop what listens there, or set another port by QUARKUS_HTTP_PORT, QUARKUS_HTTP_SSL_PORT or"
                + " QUARKUS_MANAGEMENT_PORT";
    }

    private static String host(UnknownHostException unknown) {
        return "The database's host is not known (" + message(unknown)
                + "): set QUARKUS_DATASOURCE_JDBC_URL to where it is";
    }

    /** @see <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL's error codes</a> */
    private static @Nullable String database(SQLException failure) {
        String state = String.valueOf(failure.getSQLState());
        String mend =
                switch (state) {
                    case "28000", "28P01" ->
                        "The database does not let its user in: set QUARKUS_DATASOURCE_USERNAME and QUARKUS_DATASOURCE_PASSWORD";
                    case "3D000" ->
                        "There is no such database: create it, or set another in QUARKUS_DATASOURCE_JDBC_URL";
                    case "42501" ->
                        "The database's user lacks a right, such as to create tables in its schema: GRANT it";
                    default ->
                        state.startsWith("08")
                                ? "The database cannot be reached: set QUARKUS_DATASOURCE_JDBC_URL to where it is"
                                : null;
                };
        return mend == null ? null : mend + " (" + message(failure) + ")";
    }

    private static String schema(FlywayException failure) {
        return "The schema cannot be migrated: " + message(failure)
                + " (once the reason is gone, start one replica with QUARKUS_FLYWAY_REPAIR_AT_START=true if it says that a"
                + " migration failed or differs)";
    }

    private static String oneLine(String said) {
        String line = BREAK.matcher(said.strip()).replaceAll("; ");
        return PASSWORD.matcher(line).replaceAll("…");
    }
}
