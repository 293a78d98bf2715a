package dev.tallyhook.transaction;

import dev.tallyhook.problem.ProblemException;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which page of a list is asked for. One row more than it has is looked for, which tells whether there is another page.
 *
 * @param limit how many rows it has at most
 * @param cursor where the page before ended, or nothing for the first one
 */
public record PageRequest(int limit, Optional<String> cursor) {

    /** That of a query. */
    public static PageRequest read(QueryParameters parameters) {
        return new PageRequest(parameters.limit(), parameters.cursor());
    }

    /** How many rows tell whether there is another page. */
    public int rowsToLookFor() {
        return limit + 1;
    }

    /**
     * Where it begins.
     *
     * @param list the list with its filters
     * @throws ProblemException 400 if the cursor is not one of this list
     */
    public Optional<Cursor> after(String list) {
        return cursor.map(written -> Cursor.read(written, list));
    }

    /** Those that belong on it. */
    public <T> List<T> rows(List<T> found) {
        return found.subList(0, Math.min(found.size(), limit));
    }

    /** Where the next one begins, or null if this is the last one. */
    public <T> @Nullable String nextCursor(List<T> found, String list, Function<T, Cursor> end) {
        return found.size() <= limit ? null : end.apply(found.get(limit - 1)).write(list);
    }
}
