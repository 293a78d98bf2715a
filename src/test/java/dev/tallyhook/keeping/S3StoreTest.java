package dev.tallyhook.keeping;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** Against a server that is not of AWS, by a client as the extension of Quarkus makes it of our settings. */
class S3StoreTest {

    private static final byte[] CONTENT = "what was finished".repeat(1000).getBytes(UTF_8);

    @TempDir
    private static Path folder;

    private static S3Proxy server;

    private final List<SdkHttpRequest> sent = new CopyOnWriteArrayList<>();
    private final S3Client client = client(server.endpoint(), S3Proxy.SECRET_KEY);
    private final S3Store store = new S3Store(() -> client, "archive", "ledger/one");

    @BeforeAll
    static void startServer() throws Exception {
        server = new S3Proxy(folder);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @BeforeEach
    void createBucket() {
        client.createBucket(request -> request.bucket("archive"));
        sent.clear();
    }

    @AfterEach
    void deleteBucket() {
        client.listObjectsV2Paginator(request -> request.bucket("archive"))
                .contents()
                .forEach(object ->
                        client.deleteObject(request -> request.bucket("archive").key(object.key())));
        client.deleteBucket(request -> request.bucket("archive"));
        client.close();
    }

    private S3Client client(URI endpoint, String secretKey) {
        return client(
                endpoint, StaticCredentialsProvider.create(AwsBasicCredentials.create(S3Proxy.ACCESS_KEY, secretKey)));
    }

    private S3Client client(URI endpoint, AwsCredentialsProvider credentials) {
        S3ClientBuilder settings = S3Client.builder()
                .endpointOverride(endpoint)
                .region(Region.US_EAST_1)
                .credentialsProvider(credentials)
                .httpClientBuilder(UrlConnectionHttpClient.builder())
                .serviceConfiguration(s3 -> s3.pathStyleAccessEnabled(true).chunkedEncodingEnabled(false))
                // As quarkus.s3.checksum-validation=false has it.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .overrideConfiguration(calls -> calls.apiCallTimeout(Duration.ofSeconds(60))
                        .addExecutionInterceptor(new ExecutionInterceptor() {
                            @Override
                            public void beforeTransmission(
                                    Context.BeforeTransmission context, ExecutionAttributes attributes) {
                                sent.add(context.httpRequest());
                            }
                        }));
        return ArchiveClient.signingBodies(settings);
    }

    @Test
    void what_is_written_is_read() throws IOException {
        store.write("2026/11/a.jsonl.gz", CONTENT);

        assertArrayEquals(CONTENT, read("2026/11/a.jsonl.gz"));
    }

    @Test
    void a_file_is_written_in_place_of_the_one_with_its_name() throws IOException {
        store.write("a", CONTENT);
        store.write("a", new byte[] {1});

        assertArrayEquals(new byte[] {1}, read("a"));
    }

    @Test
    void a_name_with_signs_that_urls_escape_is_read_again() throws IOException {
        String name = "a b+c%2F&=ü/ä.gz";
        store.write(name, CONTENT);

        assertArrayEquals(CONTENT, read(name));
        assertEquals(List.of(name), store.list("a b+"));
    }

    @Test
    void the_key_begins_with_the_prefix() throws IOException {
        store.write("2026/a.gz", CONTENT);

        var head = client.headObject(request -> request.bucket("archive").key("ledger/one/2026/a.gz"));
        assertEquals("application/gzip", head.contentType());
        assertEquals(CONTENT.length, head.contentLength());
    }

    @Test
    void servers_that_know_no_more_than_they_must_verify_the_body() throws Exception {
        store.write("a.gz", CONTENT);
        read("a.gz");

        SdkHttpRequest put = sent.get(0);
        assertEquals(SdkHttpMethod.PUT, put.method());
        assertEquals(HexFormat.of().formatHex(digest("SHA-256")), header(put, "x-amz-content-sha256"));
        assertEquals(Base64.getEncoder().encodeToString(digest("MD5")), header(put, "Content-MD5"));
        assertEquals(Integer.toString(CONTENT.length), header(put, "Content-Length"));
        for (SdkHttpRequest request : sent) {
            assertEquals(
                    Set.of("x-amz-content-sha256", "x-amz-date"),
                    request.headers().keySet().stream()
                            .map(name -> name.toLowerCase(Locale.ROOT))
                            .filter(name -> name.startsWith("x-amz"))
                            .collect(Collectors.toSet()));
            assertEquals("", header(request, "Content-Encoding"));
        }
    }

    @Test
    void the_body_is_signed_over_https_too() throws Exception {
        try (var https = client(URI.create("https://127.0.0.1:1"), S3Proxy.SECRET_KEY)) {
            assertThrows(IOException.class, () -> new S3Store(() -> https, "archive", "").write("a", CONTENT));
        }

        assertEquals(HexFormat.of().formatHex(digest("SHA-256")), header(sent.get(0), "x-amz-content-sha256"));
    }

    private static byte[] digest(String algorithm) throws GeneralSecurityException {
        return MessageDigest.getInstance(algorithm).digest(CONTENT);
    }

    @Test
    void a_file_that_is_not_there_is_told_apart() {
        var none = assertThrows(NoSuchFileException.class, () -> store.read("2026/none.gz"));

        assertEquals("s3://archive/ledger/one/2026/none.gz", none.getFile());
    }

    @Test
    void all_pages_are_listed_in_order_and_without_what_is_beside_them() throws IOException {
        List<String> names =
                IntStream.range(0, 1001).mapToObj("2026/%04d.gz"::formatted).toList();
        names.stream()
                .map(name -> "ledger/one/" + name)
                .forEach(key ->
                        client.putObject(request -> request.bucket("archive").key(key), RequestBody.empty()));
        for (String beside : List.of("ledger/one/2025/a.gz", "ledger/one/2026/", "ledger/oneself/2026/a.gz", "a.gz")) {
            client.putObject(request -> request.bucket("archive").key(beside), RequestBody.empty());
        }

        assertEquals(names, store.list("2026/"));
        assertEquals(
                List.of("2026/0100.gz", "2026/0101.gz"), store.list("2026/010").subList(0, 2));
        assertEquals(1002, store.list("").size());
        assertEquals(List.of(), store.list("2024/"));
    }

    @Test
    void what_is_deleted_is_gone_and_may_be_gone_before() throws IOException {
        store.write("a.gz", CONTENT);
        store.delete("a.gz");
        store.delete("a.gz");

        assertEquals(List.of(), store.list(""));
    }

    @Test
    void a_store_may_be_without_a_prefix() throws IOException {
        var whole = new S3Store(() -> client, "archive", "");
        whole.write("a.gz", CONTENT);

        assertEquals(List.of("a.gz"), whole.list(""));
        assertTrue(
                sent.get(0).encodedPath().endsWith("/archive/a.gz"), sent.get(0).encodedPath());
    }

    @Test
    void names_that_no_file_may_have_are_refused() {
        for (String name : List.of("", "/a", "a//b", "a/", ".a", "a/../b", "a/.b")) {
            assertThrows(IllegalArgumentException.class, () -> store.write(name, CONTENT), name);
        }
    }

    @Test
    void a_bucket_that_is_not_there_is_named() {
        var elsewhere = new S3Store(() -> client, "nowhere", "ledger");

        assertSays("s3://nowhere/ledger/a.gz: there is no such bucket", () -> elsewhere.write("a.gz", CONTENT));
        assertSays("s3://nowhere/ledger/a.gz: there is no such bucket", () -> elsewhere.read("a.gz"));
        assertSays("s3://nowhere/ledger/20: there is no such bucket", () -> elsewhere.list("20"));
    }

    @Test
    void a_wrong_secret_is_told_and_not_shown() {
        try (var wrong = client(server.endpoint(), "wrong-secret")) {
            var wronged = new S3Store(() -> wrong, "archive", "ledger");

            IOException failure = assertSays(
                    "s3://archive/ledger/a.gz: the access key, or its secret, is not one that this server knows (403",
                    () -> wronged.write("a.gz", CONTENT));
            assertFalse(failure.toString().contains("wrong-secret"), failure::toString);
        }
    }

    @Test
    void a_missing_permission_is_named() throws IOException {
        new S3Store(() -> client, "archive", "ledger").write("a.gz", CONTENT);
        try (var anonymous = client(server.endpoint(), AnonymousCredentialsProvider.create())) {
            var store = new S3Store(() -> anonymous, "archive", "ledger");

            assertSays("its credentials need s3:GetObject (403 AccessDenied", () -> store.read("a.gz"));
            assertSays("its credentials need s3:ListBucket (403 AccessDenied", () -> store.list("a"));
            assertSays("its credentials need s3:DeleteObject (403 AccessDenied", () -> store.delete("a.gz"));
        }
    }

    /** By a server that reads the body first: one that does not, as S3Proxy, may close the connection before it is told why. */
    @Test
    void a_missing_permission_to_write_is_named() throws IOException {
        var refusing = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        refusing.createContext("/", call -> {
            try (call) {
                call.getRequestBody().readAllBytes();
                byte[] why = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>".getBytes(UTF_8);
                call.sendResponseHeaders(403, why.length);
                call.getResponseBody().write(why);
            }
        });
        refusing.start();
        URI endpoint = URI.create("http://127.0.0.1:" + refusing.getAddress().getPort());
        try (var client = client(endpoint, S3Proxy.SECRET_KEY)) {
            var store = new S3Store(() -> client, "archive", "ledger");

            assertSays("its credentials need s3:PutObject (403 AccessDenied", () -> store.write("a.gz", CONTENT));
        } finally {
            refusing.stop(0);
        }
    }

    @Test
    void a_server_that_is_not_there_is_an_io_exception() {
        try (var gone = client(URI.create("http://127.0.0.1:1"), S3Proxy.SECRET_KEY)) {
            var store = new S3Store(() -> gone, "archive", "ledger");

            assertSays("s3://archive/ledger/a.gz: Unable to execute HTTP request", () -> store.write("a.gz", CONTENT));
        }
    }

    @Test
    void a_host_that_has_no_address_is_named() {
        try (var lost = client(URI.create("http://s3.invalid"), S3Proxy.SECRET_KEY)) {
            var store = new S3Store(() -> lost, "archive", "ledger");

            assertSays("there is no host s3.invalid", () -> store.list(""));
        }
    }

    @Test
    void what_the_sdk_does_not_find_is_told_with_the_names_of_settings() {
        var withoutCredentials = new S3Store(
                () -> client(server.endpoint(), () -> {
                    throw SdkClientException.create(
                            "Unable to load credentials from any of the providers in the chain");
                }),
                "archive",
                "");
        var withoutRegion = new S3Store(
                () -> {
                    throw SdkClientException.create("Unable to load region from any of the providers in the chain");
                },
                "archive",
                "");

        assertSays(
                "s3://archive/a.gz: no credentials are found: AWS_ACCESS_KEY_ID",
                () -> withoutCredentials.read("a.gz"));
        assertSays("s3://archive/a.gz: no region is set: quarkus.s3.aws.region", () -> withoutRegion.read("a.gz"));
    }

    private static String header(SdkHttpRequest request, String name) {
        return request.firstMatchingHeader(name).orElse("");
    }

    private byte[] read(String name) throws IOException {
        try (var file = store.read(name)) {
            return file.readAllBytes();
        }
    }

    private static IOException assertSays(String what, Executable call) {
        var failure = assertThrows(IOException.class, call);
        assertTrue(failure.getMessage().contains(what), failure::getMessage);
        return failure;
    }
}
