package dev.tallyhook.keeping;

import java.net.UnknownHostException;
import java.util.Objects;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkException;

/** Tells operators what a bucket lacks. No secret is in what S3 answers, nor in what the SDK says of it. */
final class S3Failures {

    private S3Failures() {}

    static boolean isNoSuchKey(AwsServiceException refused) {
        return code(refused).equals("NoSuchKey");
    }

    /**
     * Why S3 refused, and what would help.
     *
     * @param permission that the request needs, as policies name it
     */
    static String reason(AwsServiceException refused, String permission) {
        String code = code(refused);
        String help =
                switch (code) {
                    case "AccessDenied", "AllAccessDisabled" -> "its credentials need " + permission;
                    case "NoSuchBucket" -> "there is no such bucket; it is not created by this service";
                    case "InvalidAccessKeyId", "SignatureDoesNotMatch" ->
                        "the access key, or its secret, is not one that this server knows";
                    case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" ->
                        "the session token of the credentials does not hold any more";
                    case "RequestTimeTooSkewed" -> "the clock of this machine is wrong";
                    case "PermanentRedirect",
                            "TemporaryRedirect",
                            "AuthorizationHeaderMalformed",
                            "IllegalLocationConstraintException" ->
                        "the bucket is in another region than quarkus.s3.aws.region or AWS_REGION says";
                    default -> "";
                };
        if (help.isEmpty()) {
            help = refused.statusCode() == 403 ? "its credentials need " + permission : "S3 refused";
        }
        return help + " (" + refused.statusCode() + " " + said(refused) + ")";
    }

    /** Why nothing came of a request, and what would help. */
    static String reason(SdkException failed) {
        String message = Objects.requireNonNullElse(failed.getMessage(), failed.toString());
        // The SDK has no exceptions of their own for these.
        if (message.startsWith("Unable to load region")) {
            return "no region is set: quarkus.s3.aws.region or AWS_REGION, any for a server that has none";
        }
        if (message.startsWith("Unable to load credentials")) {
            return "no credentials are found: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of the"
                    + " service account or of the machine";
        }
        for (Throwable cause = failed.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof UnknownHostException) {
                return "there is no host " + cause.getMessage()
                        + "; a server whose buckets have no names of their own needs quarkus.s3.path-style-access=true";
            }
        }
        return message;
    }

    private static String said(AwsServiceException refused) {
        AwsErrorDetails details = refused.awsErrorDetails();
        String message = details == null ? null : details.errorMessage();
        return code(refused) + (message == null ? "" : ": " + message);
    }

    private static String code(AwsServiceException refused) {
        AwsErrorDetails details = refused.awsErrorDetails();
        String code = details == null ? null : details.errorCode();
        return code == null ? "without a code" : code;
    }
}
