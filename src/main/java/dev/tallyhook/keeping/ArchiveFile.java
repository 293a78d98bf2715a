package dev.tallyhook.keeping;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * A file of the archive: lines of JSON (RFC 8259), one for each transaction, compressed as gzip (RFC 1952). Its name has the day on which its
 * transactions were created; when it was written, so that what is in a later one counts; a number of chance, so that no name is used twice, and
 * whoever deletes what he has written never deletes what somebody else has; and the SHA-256 of its bytes, so that it can be checked by itself.
 */
final class ArchiveFile {

    private static final Pattern NAME = Pattern.compile("\\d{4}/\\d{2}/\\d{2}/transactions-(\\d{4}-\\d{2}-\\d{2})"
            + "-(\\d{8}T\\d{12}Z)-[0-9a-f]{8}-([0-9a-f]{64})\\.jsonl\\.gz");

    private static final DateTimeFormatter WRITTEN = DateTimeFormatter.ofPattern(
                    "uuuuMMdd'T'HHmmssSSSSSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private static final DateTimeFormatter DIRECTORY = DateTimeFormatter.ofPattern("uuuu/MM/dd/", Locale.ROOT);

    /** Its numbers are not guessed by anybody who could gain by it. */
    private static final Random CHANCE = new Random();

    private final String name;
    private final byte[] content;

    private ArchiveFile(String name, byte[] content) {
        this.name = name;
        this.content = content;
    }

    /** What all files of a day begin with. */
    static String beginning(LocalDate day) {
        return DIRECTORY.format(day) + "transactions-" + day + '-';
    }

    /** Makes one of lines, which come one after the other. */
    static final class Writer {

        private final ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        private final GZIPOutputStream lines;
        private int size;

        Writer() throws IOException {
            lines = new GZIPOutputStream(compressed, 1 << 16);
        }

        void add(String line) throws IOException {
            byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
            lines.write(bytes);
            lines.write('\n');
            size += bytes.length + 1;
        }

        /** In bytes, before they are compressed. */
        int size() {
            return size;
        }

        /** @param now by the database's clock */
        ArchiveFile finish(LocalDate day, Instant now) throws IOException {
            return finish(day, WRITTEN.format(now));
        }

        /** In place of another, when that was written. */
        ArchiveFile finishInsteadOf(String name) throws IOException {
            Matcher parts = matcher(name);
            return finish(LocalDate.parse(parts.group(1)), parts.group(2));
        }

        private ArchiveFile finish(LocalDate day, String written) throws IOException {
            lines.finish();
            byte[] content = compressed.toByteArray();
            String chance = HexFormat.of().toHexDigits(CHANCE.nextInt());
            return new ArchiveFile(
                    beginning(day) + written + '-' + chance + '-' + digest(content) + ".jsonl.gz", content);
        }
    }

    /** It is not there, or not what was written. */
    static final class NotWholeException extends IOException {

        private static final long serialVersionUID = 1L;

        NotWholeException(String message) {
            super(message);
        }

        NotWholeException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Reads one.
     *
     * @throws NotWholeException if it is not there, or not what was written
     */
    static ArchiveFile read(ArchiveStore store, String name) throws IOException {
        Matcher parts = matcher(name);
        byte[] content;
        try (InputStream file = store.read(name)) {
            content = file.readAllBytes();
        } catch (NoSuchFileException none) {
            throw new NotWholeException(name + " is not there any more", none);
        }
        if (!digest(content).equals(parts.group(3))) {
            throw new NotWholeException(
                    name + " is damaged: its SHA-256 is " + digest(content) + ", and should be that of its name");
        }
        return new ArchiveFile(name, content);
    }

    private static Matcher matcher(String name) throws IOException {
        Matcher parts = NAME.matcher(name);
        if (!parts.matches()) {
            throw new IOException(name + " is no name of a file of the archive");
        }
        return parts;
    }

    /** Whether a file with this name is one. */
    static boolean isOne(String name) {
        return NAME.matcher(name).matches();
    }

    String name() {
        return name;
    }

    byte[] content() {
        return content;
    }

    List<String> lines() throws IOException {
        try (BufferedReader lines = open()) {
            return lines.lines().toList();
        }
    }

    /** One line after the other: what is not compressed is several times as large, and a service that takes webhooks has no memory for it. */
    BufferedReader open() throws IOException {
        return new BufferedReader(
                new InputStreamReader(new GZIPInputStream(new ByteArrayInputStream(content)), StandardCharsets.UTF_8));
    }

    private static String digest(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible); // Every Java has it.
        }
    }
}
