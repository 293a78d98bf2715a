package dev.tallyhook;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** What the service is configured with where nobody says otherwise. */
final class ApplicationProperties {

    private ApplicationProperties() {}

    static Properties read() throws IOException {
        var application = new Properties();
        try (var properties = Files.newBufferedReader(Path.of("src/main/resources/application.properties"))) {
            application.load(properties);
        }
        return application;
    }
}
