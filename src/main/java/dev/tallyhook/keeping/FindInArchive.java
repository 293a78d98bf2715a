package dev.tallyhook.keeping;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.runtime.QuarkusApplication;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * {@code archive-find ID [DAY]}: prints the lines that the archive has of a transaction, the newest first. Each file is checked
 * against its digest. The newest is what counts. Without the day on which it was created (in UTC) all files are read.
 */
public final class FindInArchive implements QuarkusApplication {

    /** The command's name. */
    public static final String NAME = "archive-find";

    private static final String USAGE = NAME
            + " ID [DAY], where ID is a transaction_id and DAY the one on which it was created, such as 2026-03-01";

    private final KeepingConfig config;
    private final ArchiveStores stores;
    private final ObjectMapper json;

    FindInArchive(KeepingConfig config, ArchiveStores stores, ObjectMapper json) {
        this.config = config;
        this.stores = stores;
        this.json = json;
    }

    @Override
    public int run(String... arguments) {
        if (arguments.length < 2 || arguments.length > 3) {
            return Commands.usage(USAGE);
        }
        try {
            String beginning = arguments.length == 3 ? ArchiveFile.beginning(LocalDate.parse(arguments[2])) : "";
            return find(Commands.store(config, stores), arguments[1], beginning);
        } catch (DateTimeException noDay) {
            return Commands.usage(USAGE);
        } catch (IOException failure) {
            return Commands.failed(failure);
        }
    }

    private int find(ArchiveStore store, String id, String beginning) throws IOException {
        List<String> names = new ArrayList<>(Commands.files(store, beginning));
        Collections.reverse(names);
        // As it stands in a line: what is not the id's is passed without being parsed.
        String quoted = json.writeValueAsString(id);
        int code = Commands.NOT_ALL;
        int unread = 0;
        for (String name : names) {
            try {
                for (String line : ArchiveFile.read(store, name).lines()) {
                    if (line.contains(quoted)
                            && ArchivedLine.read(json, line).transactionId().equals(id)) {
                        System.out.println(line);
                        code = Commands.DONE;
                    }
                }
            } catch (IOException damaged) {
                System.err.println(damaged.getMessage());
                unread++;
            }
        }
        if (code != Commands.DONE) {
            System.err.println(
                    "No line of " + (names.size() - unread) + " files of the archive that can be read has this id");
        }
        return unread > 0 && code != Commands.DONE ? Commands.FAILED : code;
    }
}
