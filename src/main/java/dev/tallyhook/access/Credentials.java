package dev.tallyhook.access;

import io.quarkus.logging.Log;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a setting and a file give together, such as the secrets of senders. The file is read anew when {@link #reload} finds
 * it changed; one that cannot be read, or that holds nothing or something wrong, changes nothing, because a slip in a file
 * must not lock everyone out. No message repeats what an entry holds.
 *
 * @param <T> what an entry stands for
 */
public final class Credentials<T> {

    /** Every request may be held against each of them, so their number is bounded. */
    private static final int ENTRIES_MAX = 16;

    private static final String BYTE_ORDER_MARK = "\uFEFF";

    /** In bytes. */
    private static final long FILE_SIZE_MAX = 64 * 1024;

    private final String setting;
    private final Function<String, T> parser;
    private final List<T> fromSetting;
    private final @Nullable Path file;

    /** What the file held when it was last looked at, whether it was right or not. */
    private @Nullable String content;

    private @Nullable String complaint;
    private volatile List<T> current;

    /**
     * Reads both.
     *
     * @param setting the name of the setting that holds entries; that of the file is the same with {@code -file}
     * @param parser makes of an entry what it stands for, or throws an {@link IllegalArgumentException} that says what an
     *     entry must be
     * @throws ConfigurationException if an entry is wrong, if there are too many, or if the file cannot be read
     */
    public Credentials(
            String setting, Optional<List<Secret<String>>> entries, Optional<Path> file, Function<String, T> parser) {
        this.setting = setting;
        this.parser = parser;
        this.file = file.orElse(null);
        try {
            fromSetting = parse(
                    setting, entries.orElse(List.of()).stream().map(Secret::get).toList());
            if (entries.isPresent()) {
                requireOne(setting, fromSetting);
            }
            current = fromSetting;
            if (this.file != null) {
                readFile(this.file);
            }
        } catch (IllegalArgumentException | IOException wrong) {
            throw new ConfigurationException(explain(wrong));
        }
    }

    /** Those of the setting, then those of the file as it last was right. None only if neither is configured. */
    public List<T> current() {
        return current;
    }

    /** Looks whether the file has changed, and logs once what is wrong with it. */
    public synchronized void reload() {
        if (file == null) {
            return;
        }
        try {
            if (readFile(file)) {
                Log.infof("%s-file has changed; %d entries are in force", setting, current.size());
            }
            complaint = null;
        } catch (IllegalArgumentException | IOException wrong) {
            String explained = explain(wrong);
            if (!explained.equals(complaint)) {
                complaint = explained;
                Log.errorf("%s; what was in force before stays in force", explained);
            }
        }
    }

    private boolean readFile(Path file) throws IOException {
        if (Files.size(file) > FILE_SIZE_MAX) {
            throw new IllegalArgumentException(setting + "-file must have at most " + FILE_SIZE_MAX + " bytes");
        }
        String text = Files.readString(file);
        if (text.startsWith(BYTE_ORDER_MARK)) {
            text = text.substring(1);
        }
        if (text.equals(content)) {
            return false;
        }
        content = text;
        List<T> fromFile = parse(
                setting + "-file",
                text.lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty() && !line.startsWith("#"))
                        .toList());
        requireOne(setting + "-file", fromFile);
        List<T> all = new ArrayList<>(fromSetting);
        all.addAll(fromFile);
        if (all.size() > ENTRIES_MAX) {
            throw new IllegalArgumentException(setting + " must have at most " + ENTRIES_MAX + " entries");
        }
        current = List.copyOf(all);
        return true;
    }

    private static void requireOne(String where, List<?> entries) {
        if (entries.isEmpty()) {
            throw new IllegalArgumentException(where + " must have at least one entry");
        }
    }

    private List<T> parse(String where, List<String> entries) {
        if (entries.size() > ENTRIES_MAX) {
            throw new IllegalArgumentException(where + " must have at most " + ENTRIES_MAX + " entries");
        }
        List<T> parsed = new ArrayList<>();
        for (String entry : entries) {
            try {
                parsed.add(parser.apply(entry));
            } catch (IllegalArgumentException wrong) {
                throw new IllegalArgumentException(where + ": entry " + (parsed.size() + 1) + " " + wrong.getMessage());
            }
        }
        return List.copyOf(parsed);
    }

    private String explain(Exception wrong) {
        return wrong instanceof IOException
                ? setting + "-file names a file that cannot be read"
                : String.valueOf(wrong.getMessage());
    }

    /** Says how many, never which. */
    @Override
    public String toString() {
        return setting + "[" + current.size() + "]";
    }
}
