package dev.tallyhook.database;

import static io.agroal.api.AgroalDataSource.FlushMode.FILL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.database.Sighting.Server;
import io.agroal.api.AgroalDataSource;
import io.agroal.api.configuration.supplier.AgroalDataSourceConfigurationSupplier;
import io.agroal.api.security.NamePrincipal;
import io.agroal.api.security.SimplePassword;
import io.quarkus.test.junit.QuarkusTest;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
class PoolTest {

    private static final Server ELSEWHERE = new Server("elsewhere", "0");
    private static final int SIZE = 2;
    private static final int TRIES = 5;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @ConfigProperty(name = "quarkus.datasource.jdbc.url")
    String url;

    @ConfigProperty(name = "quarkus.datasource.username")
    String username;

    @ConfigProperty(name = "quarkus.datasource.password")
    String password;

    private final Sessions sessions = new Sessions();
    private AgroalDataSource dataSource;
    private Pool pool;

    @BeforeEach
    void open() throws SQLException {
        dataSource = AgroalDataSource.from(
                new AgroalDataSourceConfigurationSupplier().connectionPoolConfiguration(connections -> connections
                        .minSize(SIZE)
                        .maxSize(SIZE)
                        .acquisitionTimeout(PATIENCE)
                        .connectionFactoryConfiguration(factory -> factory.jdbcUrl(url)
                                .principal(new NamePrincipal(username))
                                .credential(new SimplePassword(password)))));
        dataSource.setPoolInterceptors(List.of(sessions.ofSweep()));
        dataSource.flush(FILL);
        Awaitility.await().until(() -> sessions.of(Pool.SWEEP).size() == SIZE);
        pool = new Pool(Pool.SWEEP, dataSource, sessions);
    }

    @AfterEach
    void close() {
        dataSource.close();
    }

    @Test
    void sessions_that_come_to_be_elsewhere_again_and_again_are_opened_anew_a_few_times_and_then_let_be()
            throws Exception {
        for (int tick = 0; tick < 100; tick++) {
            pool.stayWith(ELSEWHERE);
            Thread.sleep(10);
        }
        assertTrue(begun() > SIZE, "tried again");
        assertTrue(begun() <= SIZE + SIZE * TRIES, () -> begun() + " sessions");
    }

    @Test
    void a_pool_that_is_where_the_primary_is_keeps_its_sessions() {
        Server here = sessions.of(Pool.SWEEP).get(0).sighting().server();
        pool.follow(here, false);
        for (int tick = 0; tick < 10; tick++) {
            pool.stayWith(here);
        }
        assertEquals(SIZE, begun());
    }

    @Test
    void what_is_under_way_on_a_server_that_is_left_may_end() throws Exception {
        CompletableFuture<Void> statement = underWay("SELECT pg_sleep(1)");
        pool.follow(ELSEWHERE, true);
        statement.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        Awaitility.await()
                .until(() -> begun() == 2 * SIZE && sessions.of(Pool.SWEEP).size() == SIZE);
    }

    @Test
    void what_does_not_end_in_two_ticks_is_ended() throws Exception {
        CompletableFuture<Void> statement = underWay("SELECT pg_sleep(60)");
        pool.follow(ELSEWHERE, true);
        pool.stayWith(ELSEWHERE);
        assertFalse(statement.isDone());
        pool.stayWith(ELSEWHERE);
        assertEnded(statement);
    }

    @Test
    void what_is_under_way_on_a_server_that_may_be_mute_is_ended_at_once() throws Exception {
        CompletableFuture<Void> statement = underWay("SELECT pg_sleep(60)");
        pool.follow(ELSEWHERE, false);
        assertEnded(statement);
        Awaitility.await()
                .until(() -> begun() == 2 * SIZE && sessions.of(Pool.SWEEP).size() == SIZE);
    }

    @Test
    void a_pool_that_opens_sessions_as_they_are_needed_opens_none_because_the_primary_moves() throws Exception {
        try (var none = AgroalDataSource.from(
                new AgroalDataSourceConfigurationSupplier().connectionPoolConfiguration(connections -> connections
                        .maxSize(SIZE)
                        .acquisitionTimeout(PATIENCE)
                        .connectionFactoryConfiguration(factory -> factory.jdbcUrl(url)
                                .principal(new NamePrincipal(username))
                                .credential(new SimplePassword(password)))))) {
            none.setPoolInterceptors(List.of(sessions.ofDelivery()));
            var asNeeded = new Pool(Pool.DELIVERY, none, sessions);
            asNeeded.follow(ELSEWHERE, true);
            asNeeded.stayWith(ELSEWHERE);
            assertEquals(SIZE, begun());
            none.getConnection().close();
            assertEquals(1, sessions.of(Pool.DELIVERY).size());
            asNeeded.follow(ELSEWHERE, true);
            Awaitility.await().until(() -> sessions.of(Pool.DELIVERY).isEmpty());
            assertEquals(SIZE + 1, begun());
        }
    }

    private CompletableFuture<Void> underWay(String sql) throws SQLException {
        var connection = dataSource.getConnection();
        return CompletableFuture.runAsync(() -> {
            try (connection;
                    var statement = connection.createStatement()) {
                statement.execute(sql);
            } catch (SQLException failure) {
                throw new IllegalStateException(failure);
            }
        });
    }

    private static void assertEnded(CompletableFuture<Void> statement) {
        var failure =
                assertThrows(ExecutionException.class, () -> statement.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        assertInstanceOf(SQLException.class, failure.getCause().getCause());
    }

    private long begun() {
        return sessions.nextNumber() - 1;
    }
}
