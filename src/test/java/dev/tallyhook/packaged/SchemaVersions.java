package dev.tallyhook.packaged;

import java.io.IOException;
import java.nio.file.Files;
import java.sql.SQLException;
import java.util.stream.LongStream;

/** The versions of the schema. */
final class SchemaVersions {

    private SchemaVersions() {}

    /** That a database has. */
    static long of(DatabaseServer database) throws SQLException {
        return database.number("SELECT max(version::int) FROM flyway_schema_history WHERE success");
    }

    static long newest() throws IOException {
        return all().max().orElseThrow();
    }

    /** Of the migrations, beside which stand their settings and what is run around them. */
    static LongStream all() throws IOException {
        try (var files = Files.list(DatabaseServer.MIGRATIONS)) {
            return LongStream.of(files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("V") && name.endsWith(".sql"))
                    .mapToLong(name -> Long.parseLong(name.substring(1, 4)))
                    .toArray());
        }
    }
}
