package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tallyhook.Webhooks;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@QuarkusTest
class ConcurrentWebhooksTest {

    private static final int POSTS = 1_000;
    private static final int TRIES_MAX = 10;

    private static final String PIECES = "{}[]\":,\\-1e9.nulltrue\u0000";

    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @TestHTTPResource(Webhooks.PATH)
    URI path;

    @Inject
    DataSource dataSource;

    @Test
    void a_thousand_posts_of_one_id_are_one_row_and_all_accepted() throws SQLException {
        String id = Webhooks.newId();
        assertEquals(Map.of(202, POSTS), statuses(postAll(i -> Webhooks.body(id))));
        assertEquals(1, count("SELECT count(*) FROM transactions WHERE transaction_id = ?", id));
        assertEquals(0, count("SELECT count(*) FROM conflicts WHERE transaction_id = ?", id));
    }

    @Test
    void exactly_one_of_them_is_not_a_replay() {
        String id = Webhooks.newId();
        long firsts = postAll(i -> Webhooks.body(id)).stream()
                .filter(answer ->
                        answer.headers().firstValue("Idempotent-Replayed").isEmpty())
                .count();
        assertEquals(1, firsts);
    }

    @Test
    void of_two_contents_one_wins_and_every_attempt_of_the_other_is_recorded() throws SQLException {
        String id = Webhooks.newId();
        Map<Integer, Integer> statuses = statuses(postAll(i -> Webhooks.body(id, i % 2 == 0 ? "1.00" : "2.00", "INR")));
        assertEquals(Map.of(202, POSTS / 2, 409, POSTS / 2), statuses);
        assertEquals(1, count("SELECT count(*) FROM transactions WHERE transaction_id = ?", id));
        assertEquals(1, count("SELECT count(*) FROM conflicts WHERE transaction_id = ?", id));
        assertEquals(POSTS / 2, count("SELECT sum(attempts) FROM conflicts WHERE transaction_id = ?", id));
        assertEquals(0, count("""
                        SELECT count(*)
                        FROM conflicts JOIN transactions USING (transaction_id)
                        WHERE transaction_id = ? AND conflicts.amount = transactions.amount
                        """, id));
    }

    @Test
    void no_mutated_body_is_ever_a_server_error() {
        var random = new Random(20_261_122);
        String valid = Webhooks.body("txn_mutated");
        for (int round = 0; round < 4; round++) {
            List<HttpResponse<String>> answers = postAll(i -> mutate(valid, random));
            assertTrue(
                    statuses(answers).keySet().stream()
                            .allMatch(status -> List.of(202, 400, 409, 422).contains(status)),
                    () -> statuses(answers).toString());
        }
    }

    private static String mutate(String text, Random random) {
        var mutated = new StringBuilder(text);
        for (int edits = random.nextInt(3); edits >= 0; edits--) {
            int at = random.nextInt(mutated.length());
            switch (random.nextInt(3)) {
                case 0 -> mutated.deleteCharAt(at);
                case 1 -> mutated.setCharAt(at, (char) random.nextInt(0x3000));
                default -> mutated.insert(at, PIECES.charAt(random.nextInt(PIECES.length())));
            }
        }
        return mutated.toString();
    }

    /** What a busy machine refuses is sent again, as its sender would. */
    private List<HttpResponse<String>> postAll(IntFunction<String> body) {
        List<HttpRequest> requests = IntStream.range(0, POSTS)
                .mapToObj(i -> HttpRequest.newBuilder(path)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body.apply(i)))
                        .build())
                .toList();
        List<CompletableFuture<HttpResponse<String>>> answers =
                requests.stream().map(this::send).toList();
        return IntStream.range(0, POSTS)
                .mapToObj(i -> {
                    HttpResponse<String> answer = answers.get(i).join();
                    for (int tries = 1; answer.statusCode() == 503 && tries < TRIES_MAX; tries++) {
                        answer = send(requests.get(i)).join();
                    }
                    return answer;
                })
                .toList();
    }

    private CompletableFuture<HttpResponse<String>> send(HttpRequest request) {
        return client.sendAsync(request, HttpResponse.BodyHandlers.ofString());
    }

    private static Map<Integer, Integer> statuses(List<HttpResponse<String>> answers) {
        return answers.stream()
                .map(HttpResponse::statusCode)
                .collect(Collectors.toMap(Function.identity(), status -> 1, Integer::sum));
    }

    private int count(String sql, String transactionId) throws SQLException {
        try (var connection = dataSource.getConnection();
                var statement = connection.prepareStatement(sql)) {
            statement.setString(1, transactionId);
            try (var row = statement.executeQuery()) {
                assertTrue(row.next());
                return row.getInt(1);
            }
        }
    }
}
