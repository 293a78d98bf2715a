package dev.tallyhook.transaction;

import java.util.function.Consumer;
import org.jboss.logging.MDC;

/** A line of the log that tells of one transaction: its id as text, as {@link Identifier#printable}, and as a field. */
public final class TransactionLine {

    private static final String FIELD = "transaction_id";

    private TransactionLine() {}

    /**
     * Writes it.
     *
     * @param line is given the id as it may stand in a log
     */
    public static void tell(String id, Consumer<String> line) {
        String printable = Identifier.printable(id);
        MDC.put(FIELD, printable);
        try {
            line.accept(printable);
        } finally {
            MDC.remove(FIELD);
        }
    }
}
