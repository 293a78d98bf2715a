package dev.tallyhook.citus;

import io.quarkus.runtime.StartupEvent;
import io.quarkus.test.junit.QuarkusTestProfile;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Assertions;

/** A service whose ledger is divided into shards on two servers that a coordinator knows, for what is to hold there as on one server. */
public final class OnCitus implements QuarkusTestProfile {

    /** Why a test is skipped where {@link #isInstalled} is false. */
    public static final String ABSENT = "no PostgreSQL with Citus is installed (docs/citus.md says how it is built)";

    private static final String SHARDS = "on-citus.shards";

    /** For {@code @EnabledIf}, by its name. */
    public static boolean isInstalled() {
        return CitusServers.isInstalled();
    }

    @Override
    public Map<String, String> getConfigOverrides() {
        // An application is made of each profile before it is asked whether its tests are skipped.
        return isInstalled() ? Map.of("embedded-postgres.starter", Starter.class.getName(), SHARDS, "8") : Map.of();
    }

    /** The same with the readers and senders that others are known by. */
    public static final class ReadersKnown implements QuarkusTestProfile {

        @Override
        public Map<String, String> getConfigOverrides() {
            var all = new HashMap<>(new dev.tallyhook.ReadersKnown().getConfigOverrides());
            all.putAll(new OnCitus().getConfigOverrides());
            return all;
        }
    }

    /** Starts them once, though the configuration is read by several class loaders. */
    public static final class Starter implements UnaryOperator<String> {

        private static final String RUNNING = "on-citus.url";

        @Override
        public synchronized String apply(String directory) {
            String running = System.getProperty(RUNNING);
            String url = running == null ? start() : running;
            System.setProperty(RUNNING, url);
            return url;
        }

        private static String start() {
            try {
                var servers = new CitusServers(2);
                Runtime.getRuntime().addShutdownHook(new Thread(() -> close(servers)));
                return servers.url();
            } catch (Exception failure) {
                throw new IllegalStateException("The servers with Citus did not start", failure);
            }
        }

        private static void close(CitusServers servers) {
            try {
                servers.close();
            } catch (Exception failure) {
                throw new IllegalStateException(failure);
            }
        }
    }

    /** Distributes the ledger before anything of the service looks at it. */
    @Singleton
    static class First {

        void distribute(
                @Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event,
                @ConfigProperty(name = SHARDS) Optional<String> shards,
                @ConfigProperty(name = "quarkus.datasource.jdbc.url") Optional<String> url,
                @ConfigProperty(name = "quarkus.datasource.username") Optional<String> role) {
            shards.ifPresent(
                    number -> Assertions.assertEquals(0, new Distribute(url, role, role).run(Distribute.NAME, number)));
        }
    }
}
