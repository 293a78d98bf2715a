package dev.tallyhook.packaged;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * A file of an archive, read without the service's own code.
 *
 * @param isWhole whether the SHA-256 of its bytes is that of its name
 */
public record ArchivedFile(Path path, boolean isWhole, List<String> lines) {

    /** All below a directory but those that are not finished, whose names begin with a dot. */
    public static List<ArchivedFile> in(Path archive) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(archive)) {
            files = all.filter(Files::isRegularFile)
                    .filter(file -> !file.getFileName().toString().startsWith("."))
                    .toList();
        }
        List<ArchivedFile> read = new ArrayList<>();
        for (Path file : files) {
            byte[] content = Files.readAllBytes(file);
            boolean isWhole = file.toString().endsWith("-" + digest(content) + ".jsonl.gz");
            read.add(new ArchivedFile(file, isWhole, lines(content)));
        }
        return read;
    }

    private static List<String> lines(byte[] content) throws IOException {
        try (var lines = new GZIPInputStream(new ByteArrayInputStream(content))) {
            return new String(lines.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        }
    }

    private static String digest(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
