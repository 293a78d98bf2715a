package dev.tallyhook.packaged;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.tallyhook.Webhooks;
import java.io.IOException;
import java.nio.channels.FileChannel;
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
    private static final Path LOCK = Path.of("target", "service.jsa.lock");

    private ClassArchive() {}

    /** Tells a JVM that starts this jar to use the archive. Whoever asks, in each of the processes that run tests, waits until one has made it. */
    static synchronized String option(Path jar) {
        try (var lock = FileChannel.open(LOCK, CREATE, WRITE)) {
            lock.lock(); // Until it is closed.
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
        try (var database = new DatabaseServer();
                var service = Service.launch(database.environment(), "-XX:ArchiveClassesAtExit=" + ARCHIVE)) {
            service.awaitHealthy();
            service.post(Webhooks.body(Webhooks.newId()));
            service.terminate();
            service.awaitExit();
        }
        if (!Files.exists(ARCHIVE)) {
            throw new IOException("the JVM wrote no " + ARCHIVE);
        }
    }
}
