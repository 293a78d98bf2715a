package dev.tallyhook.operations;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;

/** A file that the build has put beside the classes. */
final class BuildResource {

    private BuildResource() {}

    /** Its bytes, read anew each time: most replicas are never asked for them. */
    static byte[] bytes(String path) {
        try (var resource = Thread.currentThread().getContextClassLoader().getResourceAsStream(path)) {
            if (resource == null) {
                throw new FileNotFoundException(path + " is not in this build");
            }
            return resource.readAllBytes();
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
