package dev.tallyhook.keeping;

import dev.tallyhook.packaged.Programs;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A server that speaks as S3 does, checks signatures, and keeps what it is sent in memory. Maven brings it into {@code target}. */
final class S3Proxy implements AutoCloseable {

    static final String ACCESS_KEY = "tallyhook-tests";
    static final String SECRET_KEY = "not-a-secret-of-anybody";

    private final Process process;
    private final URI endpoint;

    S3Proxy(Path folder) throws Exception {
        int port = freePort();
        endpoint = URI.create("http://127.0.0.1:" + port);
        Path properties = Files.write(
                folder.resolve("s3proxy.properties"),
                List.of(
                        "s3proxy.endpoint=" + endpoint,
                        "s3proxy.authorization=aws-v4",
                        "s3proxy.identity=" + ACCESS_KEY,
                        "s3proxy.credential=" + SECRET_KEY,
                        "jclouds.provider=transient",
                        "jclouds.identity=none",
                        "jclouds.credential=none"));
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-jar",
                        Path.of("target/s3proxy/s3proxy.jar").toAbsolutePath().toString(),
                        "--properties",
                        properties.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("s3proxy.log").toFile())
                .start();
        try {
            Programs.awaitPort(port);
        } catch (Exception | AssertionError failure) {
            close();
            throw failure;
        }
    }

    private static int freePort() throws IOException {
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }

    URI endpoint() {
        return endpoint;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
