package dev.tallyhook;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The scripts that stand in a page, as a Content-Security-Policy names them. */
public final class InlineScripts {

    private static final Pattern SCRIPT = Pattern.compile("(?s)<script(?![^>]*\\bsrc=)[^>]*>(.*?)</script>");

    private InlineScripts() {}

    /** Their hashes in their order, with a space between. */
    public static String hashes(String page) {
        return SCRIPT.matcher(page)
                .results()
                .map(script -> hash(script.group(1)))
                .collect(Collectors.joining(" "));
    }

    private static String hash(String script) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }
}
