package dev.tallyhook.transaction;

import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;

/**
 * The path of a transaction: that of the list, and the id behind it. The id is taken from the path as it came, because what the
 * framework makes of it (without what follows a semicolon, and without dot segments) would be another one.
 */
public final class TransactionPath {

    /** Of the list. */
    static final String LIST = "/v1/transactions";

    private static final String PREFIX = LIST + "/";

    /**
     * Says which resource the service took the request for, percent-encoded, so that a reader can compare: a proxy may have
     * rewritten the path.
     *
     * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-8.7">RFC 9110 section 8.7</a>
     */
    private static final String UNDERSTOOD_AS = "Content-Location";

    private TransactionPath() {}

    /** Where the transaction is read. */
    public static String of(String transactionId) {
        return PREFIX + PercentEncoding.encode(transactionId);
    }

    /**
     * The id that the path names, which the answer then names too, whatever its status.
     *
     * @param behind what follows the id, such as {@code ""} or {@code "/raw"}
     * @return nothing if there is none, or it is no UTF-8, or a slash stands in it that is not percent-encoded: a proxy that
     *     decodes slashes merges and removes them too, so what the id was cannot be known
     */
    public static Optional<String> id(HttpServerRequest request, String behind) {
        return id(request.path(), behind).map(id -> {
            answersFor(request, of(id) + behind);
            return id;
        });
    }

    static Optional<String> id(String path, String behind) {
        int prefix = path.indexOf(PREFIX);
        if (prefix < 0 || !path.endsWith(behind)) {
            return Optional.empty();
        }
        String rest = path.substring(prefix + PREFIX.length());
        String segment = rest.substring(0, Math.max(0, rest.length() - behind.length()));
        return segment.isEmpty() || segment.contains("/") ? Optional.empty() : PercentEncoding.decode(segment);
    }

    static void answersFor(HttpServerRequest request, String understood) {
        request.response().putHeader(UNDERSTOOD_AS, understood);
    }
}
