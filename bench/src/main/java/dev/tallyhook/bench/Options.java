package dev.tallyhook.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The command line: {@code --name value}. */
record Options(List<String> arguments) {

    boolean has(String name) {
        return arguments.contains(name);
    }

    String text(String name, String otherwise) {
        int at = arguments.indexOf(name);
        return at < 0 ? otherwise : arguments.get(at + 1);
    }

    int number(String name, int otherwise) {
        return Integer.parseInt(text(name, Integer.toString(otherwise)));
    }

    Optional<Path> optional(String name) {
        return has(name) ? Optional.of(path(name, "")) : Optional.empty();
    }

    Path path(String name, String otherwise) {
        return Path.of(text(name, otherwise));
    }
}
