package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CertificateDownloadTest {

    private final List<String> asked = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch end = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CertificateDownload download = new CertificateDownload(CertificateDownload.WITHIN);
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            String path = exchange.getRequestURI().getPath();
            asked.add(path);
            String[] parts = path.substring(1).split("/", -1);
            int status = Integer.parseInt(parts[0]);
            int size = Integer.parseInt(parts[1]);
            exchange.getResponseHeaders().add("Location", "/200/1");
            exchange.sendResponseHeaders(status, parts.length > 2 ? 0 : size == 0 ? -1 : size);
            try (var body = exchange.getResponseBody()) {
                for (int i = 0; i < size; i++) {
                    body.write(i);
                    if (parts.length > 2 && parts[2].equals("drip")) {
                        body.flush();
                        end.await(50, TimeUnit.MILLISECONDS);
                    }
                }
                if (parts.length > 2 && parts[2].equals("stall")) {
                    body.flush();
                    end.await();
                }
            } catch (IOException gone) {
                // The client has had enough.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        end.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    private URI url(String path) {
        return URI.create("http://localhost:" + server.getAddress().getPort() + path);
    }

    @Test
    void what_is_there_is_fetched_to_the_last_byte_and_no_more_than_the_limit() throws Exception {
        assertArrayEquals(new byte[] {0, 1, 2}, download.fetch(url("/200/3")).orElseThrow());
        assertArrayEquals(new byte[] {}, download.fetch(url("/200/0")).orElseThrow());
        assertEquals(64 * 1024, download.fetch(url("/200/65536")).orElseThrow().length);
        assertEquals(64 * 1024, download.fetch(url("/200/65536/chunked")).orElseThrow().length);
        assertThrows(IOException.class, () -> download.fetch(url("/200/65537")));
        assertThrows(IOException.class, () -> download.fetch(url("/200/65537/chunked")));
    }

    @Test
    void a_body_that_is_too_large_is_not_waited_for() {
        assertThrows(IOException.class, () -> download.fetch(url("/200/65537/stall")));
        assertEquals(1, end.getCount());
    }

    @Test
    void no_redirect_is_followed_and_only_an_error_of_the_client_says_that_there_is_no_certificate() throws Exception {
        for (int status : new int[] {301, 302, 303, 307, 308, 204, 206, 408, 425, 429, 500, 503}) {
            assertThrows(IOException.class, () -> download.fetch(url("/" + status + "/0")), String.valueOf(status));
        }
        for (int status : new int[] {400, 401, 403, 404, 407, 410}) {
            assertEquals(Optional.empty(), download.fetch(url("/" + status + "/0")));
        }
        assertEquals(18, asked.size());
    }

    @Test
    void a_server_that_does_not_end_its_answer_is_given_up() {
        var hasty = new CertificateDownload(Duration.ofMillis(200));
        assertThrows(IOException.class, () -> hasty.fetch(url("/200/10/stall")));
    }

    /** Each of its bytes comes within the time, and all of them do not. */
    @Test
    void a_server_that_drips_its_answer_is_given_up() throws Exception {
        var hasty = new CertificateDownload(Duration.ofMillis(500));
        assertGivenUp(hasty, url("/200/10000/drip"));
        try (var dripping = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            threads.execute(() -> dripHeaders(dripping));
            assertGivenUp(hasty, URI.create("http://localhost:" + dripping.getLocalPort() + "/"));
        }
    }

    private static void assertGivenUp(CertificateDownload hasty, URI url) {
        var e = assertThrows(IOException.class, () -> hasty.fetch(url));
        assertEquals("not answered within PT0.5S", e.getMessage());
    }

    private void dripHeaders(ServerSocket server) {
        try (Socket socket = server.accept()) {
            OutputStream answer = socket.getOutputStream();
            answer.write("HTTP/1.1 200 OK\r\nX: ".getBytes(StandardCharsets.US_ASCII));
            while (!end.await(50, TimeUnit.MILLISECONDS)) {
                answer.write('x');
            }
        } catch (IOException gone) {
            // The client has had enough.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void a_server_that_is_not_there_or_does_not_answer_is_given_up() throws Exception {
        var hasty = new CertificateDownload(Duration.ofMillis(200));
        URI url;
        try (var mute = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            url = URI.create("http://localhost:" + mute.getLocalPort() + "/");
            URI muted = url;
            assertThrows(IOException.class, () -> hasty.fetch(muted));
        }
        assertThrows(IOException.class, () -> download.fetch(url));
    }
}
