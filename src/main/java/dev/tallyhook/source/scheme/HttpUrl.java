package dev.tallyhook.source.scheme;

import dev.tallyhook.source.SchemeContext;
import java.util.regex.Pattern;

/** The setting of a URL that is signed. */
final class HttpUrl {

    private static final Pattern HTTP = Pattern.compile("https?://[!-~]+");

    private HttpUrl() {}

    /**
     * The setting, to the letter.
     *
     * @throws io.quarkus.runtime.configuration.ConfigurationException if it is not set, or no URL that somebody could post to
     */
    static String require(SchemeContext context, String why) {
        String url = context.require(
                "url", context.config().url(), why + ", such as https://hooks.example.com/v1/webhooks/square");
        if (!HTTP.matcher(url).matches()) {
            throw context.refuse("url", "must be a URL that starts with https:// or http://, without blanks");
        }
        return url;
    }
}
