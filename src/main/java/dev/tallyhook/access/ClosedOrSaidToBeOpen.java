package dev.tallyhook.access;

import java.util.Optional;

/**
 * Nobody runs open by accident: without secrets or tokens, and without a word that this is meant, the service does not
 * start. It is a rule of the configuration, so that it speaks before a database is waited for.
 */
public final class ClosedOrSaidToBeOpen {

    private static final String SECRETS =
            "must know its senders: set TALLYHOOK_WEBHOOK_SECRETS or TALLYHOOK_WEBHOOK_SECRETS_FILE";
    private static final String TOKENS = "must know its readers: set TALLYHOOK_API_TOKENS or TALLYHOOK_API_TOKENS_FILE";
    private static final String BOTH = "must know its senders and its readers: set TALLYHOOK_WEBHOOK_SECRETS (or"
            + " TALLYHOOK_WEBHOOK_SECRETS_FILE) and TALLYHOOK_API_TOKENS (or TALLYHOOK_API_TOKENS_FILE)";
    private static final String OR_OPEN = "; or TALLYHOOK_OPEN_ACCESS=true to run open to everyone who can connect";

    private ClosedOrSaidToBeOpen() {}

    /** Which of the two is missing, and what to choose from; nothing if all is well. */
    public static Optional<String> problem(AccessConfig config) {
        boolean senders = sendersAreKnown(config);
        boolean readers = readersAreKnown(config);
        return config.openAccess() || (senders && readers)
                ? Optional.empty()
                : Optional.of((senders ? TOKENS : readers ? SECRETS : BOTH) + OR_OPEN);
    }

    /** Whether something says who may send. */
    static boolean sendersAreKnown(AccessConfig config) {
        return config.webhook().secrets().isPresent()
                || config.webhook().secretsFile().isPresent();
    }

    /** Whether something says who may read. */
    static boolean readersAreKnown(AccessConfig config) {
        AccessConfig.Api api = config.api();
        return api.tokens().isPresent()
                || api.tokensFile().isPresent()
                || api.holdTokens().isPresent()
                || api.holdTokensFile().isPresent()
                || api.rawTokens().isPresent()
                || api.rawTokensFile().isPresent()
                || api.writeTokens().isPresent()
                || api.writeTokensFile().isPresent();
    }
}
