#!/usr/bin/env bash
# AWS SDK for Java 2.42.7: a builder of an S3Client that was given an S3Configuration with useArnRegionEnabled, as Quarkus does, and whose build() has failed once, as where no region can be found at that
# moment, fails from then on, with another error, also when the region is there. It shares one builder as a bean, so a
# moment without the instance's metadata lasts until the process is started anew.
# Seen: "Unable to load region", then, with a region, "UseArnRegion has been configured on both S3Configuration and the client/global level".
# Fails if the second build succeeds, or if a fresh builder with a region does not. Needs mvn and a JDK, 11 or newer; asks no network.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat > pom.xml <<'POM'
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencies>
<dependency><groupId>software.amazon.awssdk</groupId><artifactId>s3</artifactId><version>2.42.7</version></dependency>
<dependency><groupId>software.amazon.awssdk</groupId><artifactId>url-connection-client</artifactId><version>2.42.7</version></dependency>
</dependencies></project>
POM
mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib > /dev/null
cat > Builder.java <<'JAVA'
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.*;

class Builder {
    static S3ClientBuilder builder() {
        return S3Client.builder().httpClientBuilder(UrlConnectionHttpClient.builder()).credentialsProvider(AnonymousCredentialsProvider.create())
                .serviceConfiguration(S3Configuration.builder().useArnRegionEnabled(false).build());
    }

    static void build(String what, S3ClientBuilder builder) {
        try (S3Client client = builder.build()) {
            System.out.println(what + ": built");
        } catch (RuntimeException failure) {
            System.out.println(what + ": " + failure.getMessage().split("[.:]")[0]);
        }
    }

    public static void main(String[] arguments) {
        S3ClientBuilder first = builder();
        build("without a region", first);
        build("the same with one", first.region(Region.EU_CENTRAL_1));
        build("a fresh one with one", builder().region(Region.EU_CENTRAL_1));
    }
}
JAVA
seen=$(env -u AWS_REGION -u AWS_DEFAULT_REGION AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
    java -cp 'lib/*' Builder.java 2> /dev/null)
echo "$seen"
grep -q '^without a region: Unable to load region' <<<"$seen"
grep -q '^a fresh one with one: built' <<<"$seen"
! grep -q '^the same with one: built' <<<"$seen" || { echo 'changed: a builder that has failed builds'; exit 1; }
