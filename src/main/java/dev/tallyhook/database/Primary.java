package dev.tallyhook.database;

import dev.tallyhook.database.Sighting.Server;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which server takes the writes, by what sessions have said. It moves to where new sessions find it; but back to a server that it
 * has left only if the one that it is on no longer takes writes. So two servers that both take writes, and that one name leads to in
 * turn, are a few moves and not one for each new session.
 */
final class Primary {

    /** More than ever take writes at the same time. */
    private static final int LEFT_MAX = 16;

    private final Deque<Server> left = new ArrayDeque<>();
    private @Nullable Server known;

    /** Where it is; nothing before a server was seen that takes writes. */
    Optional<Server> known() {
        return Optional.ofNullable(known);
    }

    /**
     * Holds what is known against what was seen, and says from where it has moved, if it has.
     *
     * @param found where a connection that was opened this moment, because sessions take no writes, found a server that does
     * @param newest where the newest session is that took writes when it began
     * @param asked where a session is that takes writes right now
     */
    Optional<Server> move(Optional<Server> found, Optional<Server> newest, Optional<Server> asked) {
        Optional<Server> next = found.or(() -> newest.filter(this::isNews)).or(() -> asked.filter(this::isNews));
        if (next.isEmpty() || next.get().equals(known)) {
            return Optional.empty();
        }
        // It may have moved before anybody asked; but sessions have begun before.
        Optional<Server> before = known().or(() -> newest).filter(server -> !server.equals(next.get()));
        known = next.get();
        left.remove(known);
        if (before.isEmpty()) {
            return Optional.empty();
        }
        left.addLast(before.get());
        if (left.size() > LEFT_MAX) {
            left.removeFirst();
        }
        return before;
    }

    private boolean isNews(Server server) {
        return !server.equals(known) && !left.contains(server);
    }
}
