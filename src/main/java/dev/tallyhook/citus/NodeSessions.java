package dev.tallyhook.citus;

import io.agroal.api.AgroalDataSource;
import io.agroal.api.cache.ConnectionCache;
import io.agroal.api.configuration.supplier.AgroalConnectionFactoryConfigurationSupplier;
import io.agroal.api.configuration.supplier.AgroalConnectionPoolConfigurationSupplier;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.transaction.TransactionIntegration;
import io.quarkus.agroal.DataSource;
import io.quarkus.logging.Log;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sessions on the servers that have shards: pools like those on the coordinator, opened when the first one is wanted, for the same
 * database and the same role. A pool whose server is away fails whoever asks it, and nobody else.
 */
@ApplicationScoped
public class NodeSessions {

    /** Where a URL says which servers are meant: one or more, each with a port or none. */
    private static final Pattern SERVERS = Pattern.compile("(?<=^jdbc:postgresql://)[^/?]*");

    /** {@code read_only_sql_transaction}. */
    private static final String READ_ONLY = "25006";

    /** So long a session is kept that nobody uses, as those of a server that has no shards any more. */
    private static final Duration IDLE_MAX = Duration.ofMinutes(5);

    private final AgroalDataSource intake;
    private final AgroalDataSource processing;
    private final AgroalDataSource sweep;
    private final AgroalDataSource delivery;
    private final Map<Key, AgroalDataSource> pools = new ConcurrentHashMap<>();

    private record Key(String purpose, Node node) {}

    NodeSessions(
            @DataSource("intake") AgroalDataSource intake,
            @DataSource("processing") AgroalDataSource processing,
            @DataSource("sweep") AgroalDataSource sweep,
            @DataSource("delivery") AgroalDataSource delivery) {
        this.intake = intake;
        this.processing = processing;
        this.sweep = sweep;
        this.delivery = delivery;
    }

    /** For who stores webhooks. */
    public javax.sql.DataSource intake(Node node) {
        return pools.computeIfAbsent(new Key("intake", node), key -> like(intake, node));
    }

    /** For who finishes what is due. */
    public javax.sql.DataSource processing(Node node) {
        return pools.computeIfAbsent(new Key("processing", node), key -> like(processing, node));
    }

    /** For who sweeps. */
    public javax.sql.DataSource sweep(Node node) {
        return pools.computeIfAbsent(new Key("sweep", node), key -> like(sweep, node));
    }

    /** For who carries messages away, and who holds and releases. */
    public javax.sql.DataSource delivery(Node node) {
        return pools.computeIfAbsent(new Key("delivery", node), key -> like(delivery, node));
    }

    /** A statement failed on that server: if it takes no writes any more, another one may stand behind its name, and sessions are made anew. */
    public void failed(Node node, SQLException failure) {
        if (READ_ONLY.equals(failure.getSQLState())) {
            pools.forEach((key, pool) -> {
                if (key.node().equals(node)) {
                    pool.flush(AgroalDataSource.FlushMode.GRACEFUL);
                }
            });
        }
    }

    private static AgroalDataSource like(AgroalDataSource pool, Node node) {
        var connections = pool.getConfiguration().connectionPoolConfiguration();
        var sessions = connections.connectionFactoryConfiguration();
        var onNode = new AgroalConnectionFactoryConfigurationSupplier(sessions).jdbcUrl(url(sessions.jdbcUrl(), node));
        // Not found by the service loader, which a native binary does without.
        return new io.agroal.pool.DataSource(new AgroalDataSourceConfigurationSupplier()
                .connectionPoolConfiguration(new AgroalConnectionPoolConfigurationSupplier(connections)
                        .connectionFactoryConfiguration(onNode)
                        .transactionIntegration(TransactionIntegration.none())
                        // That of the pool that is copied gives a thread the session that it had last, of whichever
                        // pool.
                        .connectionCache(ConnectionCache.none())
                        .initialSize(0) // A server that is away fails nobody's start.
                        .minSize(0)
                        .reapTimeout(IDLE_MAX))
                .get());
    }

    /**
     * The same URL, which leads to one server.
     *
     * @throws ConfigurationException if it says nothing of servers
     */
    static String url(String coordinator, Node node) {
        Matcher servers = SERVERS.matcher(coordinator);
        if (!servers.find()) {
            throw new ConfigurationException(
                    "Of a distributed ledger QUARKUS_DATASOURCE_JDBC_URL and its like must name the coordinator,"
                            + " as jdbc:postgresql://host:5432/database, so that the other servers are found like it");
        }
        String host = node.host().indexOf(':') < 0 ? node.host() : "[" + node.host() + "]";
        return servers.replaceFirst(Matcher.quoteReplacement(host + ":" + node.port()));
    }

    /** After all who use them. */
    void stop(@Observes @Priority(Integer.MAX_VALUE) ShutdownEvent event) {
        pools.values().forEach(pool -> {
            try {
                pool.close();
            } catch (RuntimeException failure) {
                Log.debugf("Sessions are left to end by themselves: %s", failure.getMessage());
            }
        });
    }
}
