package dev.tallyhook;

import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jboss.logmanager.formatters.PatternFormatter;

/** What is logged below a package until this is closed. */
public final class LogLines implements AutoCloseable {

    private final List<String> messages = new ArrayList<>();
    private final Logger logger;
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord line) {
            messages.add(new PatternFormatter("%s").format(line));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    public LogLines(String name) {
        logger = Logger.getLogger(name);
        logger.addHandler(handler);
    }

    public long with(String text) {
        return messages.stream().filter(message -> message.contains(text)).count();
    }

    public int lines() {
        return messages.size();
    }

    @Override
    public String toString() {
        return messages.toString();
    }

    @Override
    public void close() {
        logger.removeHandler(handler);
    }
}
