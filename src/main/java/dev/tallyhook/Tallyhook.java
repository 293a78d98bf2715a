package dev.tallyhook;

import dev.tallyhook.access.ConnectionLimits;
import dev.tallyhook.citus.Distribute;
import dev.tallyhook.database.HostNames;
import dev.tallyhook.intake.MapAgain;
import dev.tallyhook.keeping.Erase;
import dev.tallyhook.keeping.FindInArchive;
import dev.tallyhook.keeping.LoadDay;
import dev.tallyhook.keeping.WhatWouldGo;
import io.quarkus.bootstrap.logging.InitialConfigurator;
import io.quarkus.runtime.Application;
import io.quarkus.runtime.ApplicationLifecycleManager;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.annotations.QuarkusMain;
import jakarta.enterprise.event.Observes;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;

/**
 * Starts the service, says in one line why it cannot, and ends it in order. It has no logger of its own: {@code io.quarkus.logging.Log}
 * would put one into a static field, and logging looks the name of this host up, before {@link #main} can say for how long names
 * are to be remembered.
 */
@QuarkusMain
public class Tallyhook {

    private static final SortedMap<String, Class<? extends QuarkusApplication>> COMMANDS = new TreeMap<>(Map.of(
            MapAgain.NAME, MapAgain.class,
            Distribute.NAME, Distribute.class,
            WhatWouldGo.NAME, WhatWouldGo.class,
            FindInArchive.NAME, FindInArchive.class,
            LoadDay.NAME, LoadDay.class,
            Erase.NAME, Erase.class));

    private static volatile int exitCode;

    /** Held, because a logger that nobody holds forgets its level; found at run time, because a native build has another. */
    private static @Nullable Logger hibernate;

    /**
     * Runs until SIGTERM, or does what a command says and ends.
     *
     * @param arguments none, or the name of one of {@link #COMMANDS} and what it takes
     */
    public static void main(String... arguments) {
        HostNames.rememberBriefly();
        // What it says about itself would otherwise stand before the one line that tells why a start failed.
        hibernate = Logger.getLogger("org.hibernate");
        hibernate.setLevel(Level.WARNING);
        ConnectionLimits.install();
        if (arguments.length == 0) {
            Quarkus.run(null, Tallyhook::exit);
        } else if (COMMANDS.containsKey(arguments[0])) {
            // Beside replicas, whose ports and work it leaves alone.
            System.setProperty("quarkus.http.host-enabled", "false");
            System.setProperty("quarkus.management.host-enabled", "false");
            System.setProperty("quarkus.scheduler.enabled", "false");
            Quarkus.run(COMMANDS.get(arguments[0]), Tallyhook::exit, arguments);
        } else {
            System.err.println(
                    "The commands are " + String.join(", ", COMMANDS.keySet()) + "; without any, the service runs");
            System.exit(2);
        }
    }

    private static void exit(int code, @Nullable Throwable failure) {
        exitCode = code;
        if (failure != null) {
            explain(failure);
        }
        ApplicationLifecycleManager.getDefaultExitCodeHandler().accept(code, failure);
    }

    private static void explain(Throwable failure) {
        List<String> lines = StartFailure.lines(failure, urlIsMissing());
        lines.forEach(System.err::println);
        if (!lines.isEmpty()) {
            return;
        }
        if (InitialConfigurator.DELAYED_HANDLER.isActivated()) {
            org.jboss.logging.Logger.getLogger(Tallyhook.class).error("Tallyhook did not start", failure);
        } else {
            failure.printStackTrace(); // Nobody will ever write what is logged this early.
        }
    }

    /** Where the configuration itself cannot be read, nothing is certain. */
    private static boolean urlIsMissing() {
        try {
            return System.getenv("QUARKUS_DATASOURCE_JDBC_URL") == null
                    && ConfigProvider.getConfig()
                            .getOptionalValue(StartFailure.DATABASE_URL, String.class)
                            .isEmpty();
        } catch (RuntimeException unreadable) {
            return false;
        }
    }

    /**
     * On SIGTERM what was taken is answered, the running batch is finished, and the exit code is 0; the JVM alone would
     * give 143 even after an orderly end.
     */
    void stopInOrder(@Observes StartupEvent event) {
        if (LaunchMode.current() == LaunchMode.NORMAL) {
            Runtime.getRuntime().addShutdownHook(new Thread(Tallyhook::stop, "stop-in-order"));
        }
    }

    private static void stop() {
        try {
            Application running = Application.currentApplication();
            if (running != null) {
                running.stop();
            }
        } finally {
            Runtime.getRuntime().halt(exitCode);
        }
    }
}
