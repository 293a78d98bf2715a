package dev.tallyhook.keeping;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import software.amazon.awssdk.services.s3.S3Client;

/** Finds the store that {@code tallyhook.ledger.archive-to} names. Nothing is asked of a directory or a network before the store is used. */
@ApplicationScoped
class ArchiveStores {

    private static final String S3 = "s3://";

    /** What S3 allows, and what older servers of other makers do besides. */
    private static final Pattern BUCKET = Pattern.compile("s3://([A-Za-z0-9._-]{3,63})(?:/(.*))?");

    private final Supplier<S3Client> s3;

    /** @param s3 the client that the settings {@code quarkus.s3} tell of; there is none until it is called for the first time */
    @Inject
    ArchiveStores(Instance<S3Client> s3) {
        this((Supplier<S3Client>) s3::get);
    }

    ArchiveStores(Supplier<S3Client> s3) {
        this.s3 = s3;
    }

    /**
     * The store.
     *
     * @param to an absolute path, or {@code s3://bucket/prefix}
     * @throws IllegalArgumentException if something is {@link #wrong} with it
     */
    ArchiveStore at(String to) {
        wrong(to).ifPresent(reason -> {
            throw new IllegalArgumentException(reason);
        });
        Matcher bucket = BUCKET.matcher(to);
        return bucket.matches()
                ? new S3Store(s3, bucket.group(1), prefix(bucket))
                : new DirectoryStore(Path.of(to).normalize());
    }

    /** What is wrong with the value, as the end of a sentence that begins with the name of the setting; nothing, if it can be used. */
    static Optional<String> wrong(String to) {
        return to.startsWith(S3) ? wrongBucket(to) : wrongPath(to);
    }

    private static Optional<String> wrongBucket(String to) {
        Matcher bucket = BUCKET.matcher(to);
        if (!bucket.matches()) {
            return Optional.of(
                    "is " + to + ", and must be s3://bucket or s3://bucket/prefix, where the bucket's name has"
                            + " 3 to 63 letters, digits, dots, hyphens and underscores");
        }
        String prefix = prefix(bucket);
        return prefix.isEmpty() || isName(prefix)
                ? Optional.empty()
                : Optional.of("is " + to + ", and no part of the prefix may be empty or begin with a dot");
    }

    private static Optional<String> wrongPath(String to) {
        try {
            return Path.of(to).isAbsolute()
                    ? Optional.empty()
                    : Optional.of("is " + to + ", and must be an absolute path or s3://bucket/prefix");
        } catch (InvalidPathException invalid) {
            return Optional.of("is not a path: " + invalid.getMessage());
        }
    }

    /** Without the slash at its end. */
    private static String prefix(Matcher bucket) {
        String prefix = bucket.group(2);
        return prefix == null ? "" : prefix.replaceFirst("/$", "");
    }

    /** Whether files may have that name. */
    static boolean isName(String name) {
        return Stream.of(name.split("/", -1)).noneMatch(part -> part.isEmpty() || part.startsWith("."));
    }
}
