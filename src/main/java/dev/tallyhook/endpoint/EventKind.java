package dev.tallyhook.endpoint;

import java.util.Arrays;
import java.util.Optional;

/** What an endpoint can be told of, by the names that its messages have. */
public enum EventKind {
    /** A transaction is finished. */
    PROCESSED("transaction.processed", 'p'),
    /** A transaction is stored. */
    ACCEPTED("transaction.accepted", 'a'),
    /** A webhook contradicts what is stored under its id. */
    CONFLICTING("transaction.conflicting", 'c');

    private final String type;
    private final char code;

    EventKind(String type, char code) {
        this.type = type;
        this.code = code;
    }

    /** The {@code type} of its messages. */
    public String type() {
        return type;
    }

    /** How the queue writes it. */
    public String code() {
        return String.valueOf(code);
    }

    /** The one of this type; nothing if there is none. */
    public static Optional<EventKind> ofType(String type) {
        return Arrays.stream(values()).filter(kind -> kind.type.equals(type)).findFirst();
    }

    /** The one that the queue writes so. */
    public static EventKind ofCode(String code) {
        return Arrays.stream(values())
                .filter(kind -> kind.code().equals(code))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("No event is written " + code));
    }
}
