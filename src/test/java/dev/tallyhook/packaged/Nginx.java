package dev.tallyhook.packaged;

import java.nio.file.Files;
import java.nio.file.Path;

/** An nginx in front of replicas, that keeps all its files in one folder. */
public final class Nginx implements AutoCloseable {

    private final int port = DatabaseServer.freePort();
    private final Process process;

    /**
     * Is there when it returns.
     *
     * @param location the directives of {@code location /}
     * @param others what else is to stand in {@code http}, such as an {@code upstream}
     */
    public Nginx(Path directory, String location, String others) throws Exception {
        Path configuration = directory.resolve("nginx.conf");
        Files.writeString(configuration, """
                daemon off;
                pid %1$s/nginx.pid;
                error_log %1$s/error.log;
                events { worker_connections 4096; }
                http {
                    access_log off;
                    # A larger body goes through a file, which the workers, who are nobody if this is root, may not write here.
                    client_body_buffer_size 1m;
                    client_body_temp_path %1$s/body;
                    proxy_temp_path %1$s/proxy;
                    fastcgi_temp_path %1$s/fastcgi;
                    uwsgi_temp_path %1$s/uwsgi;
                    scgi_temp_path %1$s/scgi;
                    %4$s
                    server {
                        listen 127.0.0.1:%2$d;
                        location / {
                            %3$s
                        }
                    }
                }
                """.formatted(directory, port, location, others));
        process = new ProcessBuilder("nginx", "-p", directory.toString(), "-c", configuration.toString())
                .inheritIO()
                .start();
        Programs.awaitPort(port);
    }

    /** Skips the test where there is none. */
    public static void assumeInstalled() {
        Programs.assumeInstalled("nginx", "nginx-light");
    }

    /** Where it listens, at the loopback address. */
    public int port() {
        return port;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}
