package dev.tallyhook.source;

import static io.restassured.RestAssured.given;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.tallyhook.ReadersKnown;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.lang.management.ManagementFactory;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Of a body that nobody has signed nothing is made: that would be seen in what the event loops allocate. */
@QuarkusTest
@TestProfile(ReadersKnown.class)
class UnsignedBodiesTest {

    private static final String PATH = "/v1/webhooks/shop";
    private static final int OBJECTS = 200_000;
    private static final int TRIES = 5;

    /** At the least so many times what refusing costs, which is the body itself. */
    private static final int RATIO_MIN = 4;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void what_is_not_signed_is_refused_before_anything_of_it_is_parsed() {
        long refused = allocated("whsec_of_nobody", 401);
        long taken = allocated(ReadersKnown.SHOP_SECRET, 200);
        assertTrue(
                taken > refused * RATIO_MIN, refused + " bytes for what is refused, " + taken + " for what is taken");
    }

    /** By the event loops, in bytes; of the tries the cheapest, because they do other things, too. */
    private static long allocated(String secret, int status) {
        return LongStream.range(0, TRIES)
                .map(unused -> {
                    byte[] body = body();
                    long before = allocated();
                    var signed = SchemeSender.of("stripe").signer().sign(secret, body);
                    given().headers(signed.headers())
                            .contentType("application/json")
                            .body(body)
                            .post(PATH)
                            .then()
                            .statusCode(status);
                    return allocated() - before;
                })
                .min()
                .orElseThrow();
    }

    private static byte[] body() {
        String objects = "{},".repeat(OBJECTS);
        return ("{\"id\":\"evt_" + UUID.randomUUID() + "\",\"objects\":[" + objects + "{}]}").getBytes(UTF_8);
    }

    private static long allocated() {
        long[] loops = LongStream.of(THREADS.getAllThreadIds())
                .filter(id -> {
                    var thread = THREADS.getThreadInfo(id);
                    return thread != null && thread.getThreadName().startsWith("vert.x-eventloop-thread");
                })
                .toArray();
        return LongStream.of(THREADS.getThreadAllocatedBytes(loops)).sum();
    }
}
