package dev.tallyhook.keeping;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What commands of a person have in common: they run beside the replicas, take no webhooks and finish nothing. */
final class Commands {

    static final int DONE = 0;

    /** Not found, or not all of it done. */
    static final int NOT_ALL = 1;

    /** What was typed is not what it takes. */
    static final int USAGE = 2;

    static final int FAILED = 3;

    private Commands() {}

    /** What it takes; the exit code. */
    static int usage(String usage) {
        System.err.println("Usage: " + usage);
        return USAGE;
    }

    /**
     * The store that the settings name.
     *
     * @throws IOException if they name none
     */
    static ArchiveStore store(KeepingConfig config, ArchiveStores stores) throws IOException {
        return config.archiveTo()
                .map(stores::at)
                .orElseThrow(() -> new IOException("There is no archive: tallyhook.ledger.archive-to is not set"));
    }

    /** The names of the archive's files that begin so, in their order. */
    static List<String> files(ArchiveStore store, String beginning) throws IOException {
        return store.list(beginning).stream().filter(ArchiveFile::isOne).toList();
    }

    /** Says in one line why it went no further. */
    static int failed(Exception failure) {
        System.err.println(Optional.ofNullable(failure.getMessage()).orElseGet(failure::toString));
        return FAILED;
    }
}
