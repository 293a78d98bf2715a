package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Hmac;
import java.util.List;
import java.util.regex.Pattern;

/** A secret that is not signed with but sent along, as some providers do. */
final class StaticToken {

    /** What a header can hold and is read from it as it was sent: visible ASCII. */
    private static final Pattern VISIBLE = Pattern.compile("[!-~]+");

    private final String secret;

    private StaticToken(String secret) {
        this.secret = secret;
    }

    /**
     * Of a secret as it is configured.
     *
     * @throws IllegalArgumentException if no header could hold it
     */
    static StaticToken of(String secret) {
        if (!VISIBLE.matcher(secret).matches()) {
            throw new IllegalArgumentException("must be visible ASCII characters, because it is sent in a header");
        }
        return new StaticToken(secret);
    }

    /** Whether it is one of them. Each is compared, in a time that does not tell where they differ. */
    static boolean anyIs(List<StaticToken> tokens, String given) {
        boolean fits = false;
        for (StaticToken token : tokens) {
            fits |= token.is(given);
        }
        return fits;
    }

    /** Whether it is this one. */
    boolean is(String given) {
        return Hmac.same(secret, given);
    }

    @Override
    public String toString() {
        return "StaticToken[…]";
    }
}
