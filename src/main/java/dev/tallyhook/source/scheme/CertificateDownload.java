package dev.tallyhook.source.scheme;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Fetches certificates over HTTP, from the very address and from no other that its server may name. By the client that every Java
 * has had from its beginning: the newer one alone is a hundredth of the native binary.
 */
final class CertificateDownload implements CertificateSource {

    /** From the first byte to the last. */
    static final Duration WITHIN = Duration.ofSeconds(10);

    /** A chain has 5 to 10 KB. */
    static final int SIZE_MAX = 64 * 1024;

    /** Of the errors of a client, those that are none: the server had to wait, or was asked too often. */
    private static final Set<Integer> TRY_AGAIN = Set.of(408, 425, 429);

    private final Duration within;

    CertificateDownload(Duration within) {
        this.within = within;
    }

    @Override
    public Optional<byte[]> fetch(URI url) throws IOException, InterruptedException {
        var connection = (HttpURLConnection) url.toURL().openConnection();
        connection.setInstanceFollowRedirects(false);
        connection.setUseCaches(false);
        connection.setConnectTimeout((int) within.toMillis());
        connection.setReadTimeout((int) within.toMillis());
        // On a thread of its own, because its timeouts are those of one read and not of all.
        var answer = new FutureTask<>(() -> read(connection));
        var thread = new Thread(answer, "download of a certificate");
        thread.setDaemon(true);
        thread.start();
        try {
            return answer.get(within.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            throw new IOException("not answered within " + within, late);
        } catch (ExecutionException failed) {
            throw new IOException(String.valueOf(failed.getCause()), failed);
        } finally {
            connection.disconnect(); // What still reads gets an exception.
        }
    }

    private static Optional<byte[]> read(HttpURLConnection connection) throws IOException {
        int status = connection.getResponseCode();
        if (status / 100 == 4 && !TRY_AGAIN.contains(status)) {
            return Optional.empty();
        }
        if (status != 200) {
            throw new IOException("answered " + status);
        }
        try (InputStream body = connection.getInputStream()) {
            byte[] bytes = body.readNBytes(SIZE_MAX + 1);
            if (bytes.length > SIZE_MAX) {
                throw new IOException("more than " + SIZE_MAX + " bytes");
            }
            return Optional.of(bytes);
        }
    }
}
