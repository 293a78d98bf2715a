package dev.tallyhook.keeping;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4FamilyHttpSigner;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.auth.scheme.S3AuthSchemeProvider;

/** Makes the client of S3 when it is used for the first time, of the settings {@code quarkus.s3}. */
class ArchiveClient {

    @Produces
    @ApplicationScoped
    S3Client client(S3ClientBuilder settings, @ConfigProperty(name = "quarkus.s3.aws.region") Optional<String> region) {
        if (region.isEmpty()) {
            // The SDK would look for it while it builds, and nothing can be built of what a build has failed with.
            settings.region(new DefaultAwsRegionProviderChain().getRegion());
        }
        return signingBodies(settings);
    }

    void close(@Disposes S3Client client) {
        client.close();
    }

    /**
     * The signature covers the SHA-256 of the body, over HTTPS too, where the SDK would leave it out. Every server verifies that one;
     * sums of other headers are refused by some, and by others not looked at.
     */
    static S3Client signingBodies(S3ClientBuilder settings) {
        S3AuthSchemeProvider usual = S3AuthSchemeProvider.defaultProvider();
        return settings.authSchemeProvider(request -> usual.resolveAuthScheme(request).stream()
                        .map(scheme -> scheme.toBuilder()
                                .putSignerProperty(AwsV4FamilyHttpSigner.PAYLOAD_SIGNING_ENABLED, true)
                                .build())
                        .toList())
                .build();
    }
}
