package dev.tallyhook.source.scheme;

import java.io.IOException;
import java.net.URI;
import java.util.Optional;

/** Where certificates are fetched from. */
@FunctionalInterface
interface CertificateSource {

    /**
     * What is there, or nothing if the server says that nothing is. It blocks, for a bounded time.
     *
     * @throws IOException if it cannot be told, or what is there is too large
     */
    Optional<byte[]> fetch(URI url) throws IOException, InterruptedException;
}
