package dev.tallyhook.packaged;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The classes that a first start has loaded, for all later ones to map. Each of them then takes a third less of the processors,
 * which it shares with the replica that serves meanwhile, with PostgreSQL and with the senders.
 *
 * @see <a href="https://docs.oracle.com/en/java/javase/17/vm/class-data-sharing.html">Class data sharing of Java 17</a>
 */
final class ClassArchive {

    private static final Path ARCHIVE = Path.of("target", "service.jsa");

    private ClassArchive() {}

    /** Tells a JVM that starts this jar to use the archive. Who asks first waits until it is made. */
    static synchronized String option(Path jar) {
        try {
            // A JVM does not take one that was made of an earlier build.
            if (!Files.exists(ARCHIVE)
                    || Files.getLastModifiedTime(ARCHIVE).compareTo(Files.getLastModifiedTime(jar)) < 0) {
                make();
            }
        } catch (Exception failure) {
            throw new IllegalStateException("no class archive was made", failure);
        }
        return "-XX:SharedArchiveFile=" + ARCHIVE;
    }

    private static void make() throws Exception {
        Path made = ARCHIVE.resolveSibling("service-" + ProcessHandle.current().pid() + ".jsa");
        try (var database = new DatabaseServer();
                var service = Service.launch(database.environment(), "-XX:ArchiveClassesAtExit=" + made)) {
            service.awaitHealthy();
            service.post(Webhooks.body(Webhooks.newId()));
            service.terminate();
            service.awaitExit();
        }
        if (!Files.exists(made)) {
            throw new IOException("the JVM wrote no " + made);
        }
        // Tests of another process may make one at the same time, or use the one that is there.
        Files.move(made, ARCHIVE, ATOMIC_MOVE);
    }
}
