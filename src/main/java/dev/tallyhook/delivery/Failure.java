package dev.tallyhook.delivery;

import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.StreamResetException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.nio.channels.ClosedChannelException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * What went wrong on the way to an endpoint, in our words: those of the libraries name classes, and addresses of ours.
 *
 * @param why for people
 */
record Failure(Outcome outcome, String why) {

    /** Causes are read no deeper; there are four or so. */
    private static final int DEPTH_MAX = 16;

    /** The JDK has no class of its own for a certificate of another name. */
    private static final List<String> OTHER_NAME =
            List.of("no subject alternative", "no name matching", "doesn't match any of the subject");

    /**
     * What it is.
     *
     * @param sent whether there was a connection, and the request went out on it
     */
    static Failure of(Throwable failure, boolean sent) {
        List<Throwable> causes = causes(failure);
        if (has(causes, SslHandshakeTimeoutException.class::isInstance)) {
            return new Failure(Outcome.TIMED_OUT, "no connection: the TLS handshake took too long");
        }
        if (has(causes, NotSslRecordException.class::isInstance)) {
            return new Failure(Outcome.UNTRUSTED, "no TLS is spoken there");
        }
        if (has(causes, Failure::isOfTls)) {
            return new Failure(Outcome.UNTRUSTED, tls(causes));
        }
        if (has(causes, ConnectTimeoutException.class::isInstance)) {
            return new Failure(Outcome.TIMED_OUT, "no connection in time");
        }
        if (has(causes, NoRouteToHostException.class::isInstance)) {
            return new Failure(Outcome.UNREACHABLE, "no connection: no route");
        }
        if (has(causes, ConnectException.class::isInstance)) {
            return new Failure(Outcome.UNREACHABLE, "no connection: refused");
        }
        if (has(causes, StreamResetException.class::isInstance)) {
            return new Failure(Outcome.UNREACHABLE, "the request was reset");
        }
        if (isClosed(failure)) {
            return new Failure(Outcome.UNREACHABLE, sent ? "the connection was closed" : "no connection: closed");
        }
        if (sent && has(causes, Failure::isOfForm)) {
            return new Failure(Outcome.UNREACHABLE, "the answer is no HTTP");
        }
        return new Failure(Outcome.UNREACHABLE, sent ? "the connection broke" : "no connection");
    }

    /** Whether the other end, or what is between, ended the connection. */
    static boolean isClosed(Throwable failure) {
        return has(
                causes(failure),
                cause -> cause instanceof HttpClosedException
                        || cause instanceof ClosedChannelException
                        || (cause instanceof IOException && !isOfTls(cause) && !(cause instanceof ConnectException)));
    }

    private static boolean isOfForm(Throwable cause) {
        return cause instanceof DecoderException || cause instanceof IllegalArgumentException;
    }

    private static boolean isOfTls(Throwable cause) {
        return (cause instanceof SSLException && !(cause instanceof SslHandshakeTimeoutException))
                || cause instanceof CertificateException
                || cause instanceof CertPathValidatorException;
    }

    private static String tls(List<Throwable> causes) {
        if (has(causes, cause -> OTHER_NAME.stream().anyMatch(message(cause)::contains))) {
            return "the certificate is for another name";
        }
        if (has(causes, CertificateExpiredException.class::isInstance)) {
            return "the certificate has expired";
        }
        if (has(causes, CertificateNotYetValidException.class::isInstance)) {
            return "the certificate is not valid yet";
        }
        if (has(causes, Failure::isOfCertificate)) {
            return "the certificate is not trusted";
        }
        if (has(causes, cause -> message(cause).contains("fatal alert"))) {
            return "TLS was refused by the other end, such as for want of a client certificate that it trusts";
        }
        return "no TLS connection came about";
    }

    private static boolean isOfCertificate(Throwable cause) {
        return cause instanceof CertificateException || cause instanceof CertPathValidatorException;
    }

    private static String message(Throwable cause) {
        return String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    }

    private static boolean has(List<Throwable> causes, Predicate<Throwable> kind) {
        return causes.stream().anyMatch(kind);
    }

    private static List<Throwable> causes(@Nullable Throwable failure) {
        List<Throwable> causes = new ArrayList<>();
        Stream.iterate(failure, cause -> cause != null, Throwable::getCause)
                .limit(DEPTH_MAX)
                .forEach(causes::add);
        return causes;
    }
}
