package dev.tallyhook;

import static io.restassured.RestAssured.given;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** Readers whom the database keeps waiting do not take every thread that there is. */
@QuarkusTest
class ReadLimitTest {

    /** Of a table that nothing else looks at by itself. */
    private static final String READ = "/v1/conflicts";

    private static final String REFUSAL = "Too many reads at once; try again";

    @TestHTTPResource(READ)
    URI read;

    @Inject
    DataSource dataSource;

    @Test
    void more_reads_at_once_than_there_is_room_for_are_refused_and_then_there_is_room_again() {
        for (int round = 0; round < 2; round++) {
            List<HttpResponse<String>> answers =
                    new DatabaseTrouble(dataSource).whileLocked("conflicts", this::readOftenAtOnce);
            answers.forEach(answer -> assertEquals(503, answer.statusCode()));
            assertTrue(
                    answers.stream()
                            .anyMatch(answer -> answer.body().contains(REFUSAL)
                                    && answer.headers()
                                            .firstValue("Retry-After")
                                            .isPresent()),
                    "none was refused");
            given().get(READ).then().statusCode(200);
        }
    }

    private List<HttpResponse<String>> readOftenAtOnce() {
        var client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        List<CompletableFuture<HttpResponse<String>>> underWay = Stream.generate(() ->
                        client.sendAsync(HttpRequest.newBuilder(read).build(), HttpResponse.BodyHandlers.ofString()))
                .limit(300)
                .toList();
        return underWay.stream().map(CompletableFuture::join).toList();
    }
}
