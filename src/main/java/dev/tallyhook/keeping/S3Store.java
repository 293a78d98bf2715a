package dev.tallyhook.keeping;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.utils.Md5Utils;

/**
 * Files in a bucket of S3, or of a server that speaks like it. Where that is, and by which credentials, is said by {@code quarkus.s3} and
 * what else the SDK of AWS looks at; it tries again what may succeed then.
 */
class S3Store implements ArchiveStore {

    private final Supplier<S3Client> client;
    private final String bucket;

    /** Of every key: empty, or with a slash at its end. */
    private final String prefix;

    /**
     * A store; nothing is sent yet.
     *
     * @param client asked for each time, and may throw what the SDK throws
     * @param prefix of every key, without the slash at its end; empty, if there is none
     */
    S3Store(Supplier<S3Client> client, String bucket, String prefix) {
        this.client = client;
        this.bucket = bucket;
        this.prefix = prefix.isEmpty() ? "" : prefix + "/";
    }

    @Override
    public void write(String name, byte[] content) throws IOException {
        String key = key(name);
        call(
                "s3:PutObject",
                key,
                s3 -> s3.putObject(
                        request -> {
                            // Beside the SHA-256 of the signature, because buckets with Object Lock ask for it.
                            request.bucket(bucket).key(key).contentMD5(Md5Utils.md5AsBase64(content));
                            if (name.endsWith(".gz")) {
                                request.contentType("application/gzip");
                            }
                        },
                        RequestBody.fromBytes(content)));
    }

    @Override
    public InputStream read(String name) throws IOException {
        String key = key(name);
        // Whole, so that a connection that breaks is tried again, and nobody sees half of a file.
        return call(
                        "s3:GetObject",
                        key,
                        s3 -> s3.getObjectAsBytes(
                                request -> request.bucket(bucket).key(key)))
                .asInputStream();
    }

    @Override
    public List<String> list(String beginning) throws IOException {
        String keys = prefix + beginning;
        return call(
                "s3:ListBucket",
                keys,
                s3 -> s3
                        .listObjectsV2Paginator(
                                request -> request.bucket(bucket).prefix(keys))
                        .contents()
                        .stream()
                        .map(S3Object::key)
                        // Consoles make objects of the folders that they show.
                        .filter(key -> !key.endsWith("/"))
                        .map(key -> key.substring(prefix.length()))
                        .sorted()
                        .toList());
    }

    @Override
    public void delete(String name) throws IOException {
        String key = key(name);
        call(
                "s3:DeleteObject",
                key,
                s3 -> s3.deleteObject(request -> request.bucket(bucket).key(key)));
    }

    private String key(String name) {
        if (!ArchiveStores.isName(name)) {
            throw new IllegalArgumentException("No file of the archive is named " + name);
        }
        return prefix + name;
    }

    private <T> T call(String permission, String key, Function<S3Client, T> request) throws IOException {
        String where = "s3://" + bucket + "/" + key;
        try {
            return request.apply(client.get());
        } catch (AwsServiceException refused) {
            if (S3Failures.isNoSuchKey(refused)) {
                var none = new NoSuchFileException(where);
                none.initCause(refused);
                throw none;
            }
            throw new IOException(where + ": " + S3Failures.reason(refused, permission), refused);
        } catch (SdkException failed) {
            throw new IOException(where + ": " + S3Failures.reason(failed), failed);
        }
    }
}
