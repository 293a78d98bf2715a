package dev.tallyhook.keeping;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** Where the files of the archive are. A name has slashes between its parts, and no part of it begins with a dot. */
interface ArchiveStore {

    /**
     * Writes a file, in place of the one with its name, if there is one. Whoever reads that finds the whole file, or none; when this
     * returns, a crash of the machine does not lose it.
     */
    void write(String name, byte[] content) throws IOException;

    /**
     * Reads a file; to be closed.
     *
     * @throws java.nio.file.NoSuchFileException if there is none of that name
     */
    InputStream read(String name) throws IOException;

    /** The names that begin so, in their order. */
    List<String> list(String beginning) throws IOException;

    /** Deletes a file, if there is one. */
    void delete(String name) throws IOException;
}
