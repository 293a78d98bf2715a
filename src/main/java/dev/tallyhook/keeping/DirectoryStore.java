package dev.tallyhook.keeping;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Files below a directory, which nobody but their owner reads. The directory itself must be there: who made it would write beside a
 * volume that is not mounted.
 */
class DirectoryStore implements ArchiveStore {

    /** Of what is not finished; before it is a dot. */
    private static final String UNFINISHED = ".part";

    /** No write takes as long. */
    private static final Duration LEFT_OVER = Duration.ofDays(1);

    /** The directory itself, and those of a year, a month and a day in it, as {@link ArchiveFile} names them. */
    private static final Pattern DIRECTORY = Pattern.compile("(\\d{4}(/\\d{2}){0,2})?");

    private static final Pattern IN_DAY = Pattern.compile("\\d{4}/\\d{2}/\\d{2}/[^./][^/]*");

    private final Path root;

    /** @param root absolute and normalized */
    DirectoryStore(Path root) {
        this.root = root;
    }

    @Override
    public void write(String name, byte[] content) throws IOException {
        Path file = file(name);
        try {
            Path directory = directory(file);
            // Of its owner alone, where there are such permissions.
            Path unfinished = Files.createTempFile(directory, ".", UNFINISHED);
            try {
                write(unfinished, content);
                deleteLeftOver(directory, Files.getLastModifiedTime(unfinished));
                Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(unfinished);
            }
            // All of them, because who created one may have been killed before this.
            for (Path each = directory; each != null && each.startsWith(root); each = each.getParent()) {
                force(each);
            }
        } catch (IOException failed) {
            throw told("cannot be written", file, failed);
        }
    }

    @Override
    public InputStream read(String name) throws IOException {
        Path file = file(name);
        try {
            return Files.newInputStream(file);
        } catch (NoSuchFileException none) {
            throw none;
        } catch (IOException failed) {
            throw told("cannot be read", file, failed);
        }
    }

    @Override
    public List<String> list(String beginning) throws IOException {
        Path from = root.resolve(beginning.substring(0, beginning.lastIndexOf('/') + 1));
        if (!from.normalize().startsWith(root)) {
            throw new IllegalArgumentException("No file of the archive is named " + beginning);
        }
        requireRoot();
        List<String> names = new ArrayList<>();
        try {
            if (Files.isDirectory(from)) {
                Files.walkFileTree(
                        from, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new Names(beginning, names));
            }
        } catch (IOException failed) {
            throw told("cannot be listed", from, failed);
        }
        Collections.sort(names);
        return names;
    }

    @Override
    public void delete(String name) throws IOException {
        Path file = file(name);
        try {
            if (Files.deleteIfExists(file)) {
                force(parent(file));
            }
        } catch (IOException failed) {
            throw told("cannot be deleted", file, failed);
        }
    }

    private Path file(String name) throws IOException {
        Path file = root.resolve(name);
        if (!ArchiveStores.isName(name) || !file.normalize().startsWith(root)) {
            throw new IllegalArgumentException("No file of the archive is named " + name);
        }
        requireRoot();
        return file;
    }

    private void requireRoot() throws IOException {
        if (!Files.isDirectory(root)) {
            throw new IOException(root + " is not there, or is not a directory; it is not created by this service");
        }
    }

    /** The directory of the file; it is created, and those above it. */
    private Path directory(Path file) throws IOException {
        Path directory = parent(file);
        if (!Files.isDirectory(directory)) {
            directory(directory);
            try {
                Files.createDirectory(directory, ownersAlone());
            } catch (FileAlreadyExistsException other) {
                if (!Files.isDirectory(directory)) {
                    throw other;
                }
            }
        }
        return directory;
    }

    private FileAttribute<?>[] ownersAlone() {
        return hasPosix()
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
    }

    private boolean hasPosix() {
        return root.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static void write(Path file, byte[] content) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer rest = ByteBuffer.wrap(content);
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
            channel.force(true);
        }
    }

    /** Deletes what writes that were killed have left there; the file system's own clock tells when that was. */
    private static void deleteLeftOver(Path directory, FileTime now) throws IOException {
        try (var unfinished = Files.newDirectoryStream(directory, ".*" + UNFINISHED)) {
            for (Path file : unfinished) {
                FileTime written = Files.getLastModifiedTime(file);
                if (written.toInstant().plus(LEFT_OVER).isBefore(now.toInstant())) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (NoSuchFileException finished) {
            // By another replica, just now; the next write looks again.
        } catch (DirectoryIteratorException failed) {
            throw failed.getCause();
        }
    }

    /** What a directory names is there after a crash of the machine. Where there is no POSIX, directories cannot be opened. */
    private void force(Path directory) throws IOException {
        if (hasPosix()) {
            try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    private static Path parent(Path path) {
        return Objects.requireNonNull(path.getParent());
    }

    /** Java's own exceptions say no more than the path, or all but the path. */
    private static IOException told(String what, Path path, IOException failed) {
        String reason = String.valueOf(failed.getMessage());
        if (failed instanceof AccessDeniedException denied) {
            reason = "the user of this service may not, because of " + denied.getFile();
        } else if (failed instanceof FileAlreadyExistsException exists) {
            reason = exists.getFile() + " is not a directory";
        } else if (failed instanceof AtomicMoveNotSupportedException) {
            reason = "its file system does not rename a file in one step";
        }
        return new IOException(path + " " + what + ": " + reason, failed);
    }

    private final class Names extends SimpleFileVisitor<Path> {

        private final String beginning;
        private final List<String> names;

        Names(String beginning, List<String> names) {
            this.beginning = beginning;
            this.names = names;
        }

        /** Others are somebody else's, such as what a file system has in its root for itself. */
        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            return DIRECTORY.matcher(name(directory)).matches()
                    ? FileVisitResult.CONTINUE
                    : FileVisitResult.SKIP_SUBTREE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String name = name(file);
            if (!file.getFileName().toString().startsWith(".") && name.startsWith(beginning)) {
                names.add(name);
            }
            return FileVisitResult.CONTINUE;
        }

        /** One that is deleted meanwhile is not there; a directory that cannot be read is told of here, and not as one. */
        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failed) throws IOException {
            String name = name(file);
            boolean isOfArchive =
                    DIRECTORY.matcher(name).matches() || IN_DAY.matcher(name).matches();
            if (isOfArchive && !(failed instanceof NoSuchFileException)) {
                throw failed;
            }
            return FileVisitResult.CONTINUE;
        }

        private String name(Path path) {
            return root.relativize(path).toString().replace(root.getFileSystem().getSeparator(), "/");
        }
    }
}
