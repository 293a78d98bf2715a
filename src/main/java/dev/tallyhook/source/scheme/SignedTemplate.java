package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.SchemeContext;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a sender signs, as the setting {@code signed} writes it down: text with places for what each request has. */
final class SignedTemplate {

    /** The name of a header (RFC 9110 section 5.1). */
    static final Pattern HEADER_NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}");

    private static final String SETTING = "signed";
    private static final String HEADER = "header:";

    /** A place, or text up to the next one; a brace that belongs to no place is neither. */
    private static final Pattern PART = Pattern.compile("\\{([^{}]+)}|([^{}]+)");

    private static final int PARTS_MAX = 32;

    /** What stands at one place. */
    private interface Part {
        byte[] of(Delivery delivery);
    }

    private final SchemeContext context;
    private final Optional<String> timestampHeader;
    private final List<Part> parts = new ArrayList<>();
    private final Set<String> headers = new LinkedHashSet<>();
    private int bodies;

    /**
     * Reads the setting.
     *
     * @param timestampHeader what <code>{timestamp}</code> stands for
     * @throws io.quarkus.runtime.configuration.ConfigurationException if it is wrong
     */
    SignedTemplate(SchemeContext context, Optional<String> timestampHeader) {
        this.context = context;
        this.timestampHeader = timestampHeader;
        String template = context.config().signed();
        Matcher part = PART.matcher(template);
        int end = 0;
        while (end < template.length() && part.find(end) && part.start() == end && parts.size() < PARTS_MAX) {
            end = part.end();
            String place = part.group(1);
            parts.add(place == null ? text(part.group()) : place(place));
        }
        if (end < template.length()) {
            throw context.refuse(
                    SETTING,
                    "must be text with {body}, {url}, {timestamp} and {header:x-name} in it, of at most " + PARTS_MAX
                            + " parts and without other braces");
        }
        if (bodies != 1) {
            throw context.refuse(SETTING, "must have {body} in it once: nothing else of the body could be relied on");
        }
        if (timestampHeader.isPresent() && !headers.contains(timestampHeader.get())) {
            throw context.refuse(
                    SETTING, "must have {timestamp} in it: a timestamp-header that is not signed proves nothing");
        }
    }

    private Part place(String name) {
        if (name.equals("body")) {
            bodies++;
            return Delivery::body;
        }
        if (name.equals("url")) {
            return text(HttpUrl.require(context, SETTING + " has {url} in it"));
        }
        if (name.equals("timestamp")) {
            return header(context.require("timestamp-header", timestampHeader, SETTING + " has {timestamp} in it"));
        }
        if (name.startsWith(HEADER)
                && HEADER_NAME.matcher(name.substring(HEADER.length())).matches()) {
            return header(name.substring(HEADER.length()).toLowerCase(Locale.ROOT));
        }
        throw context.refuse(
                SETTING, "must have no other places than {body}, {url}, {timestamp} and {header:x-name} in it");
    }

    private static Part text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return delivery -> bytes;
    }

    private Part header(String name) {
        headers.add(name);
        return delivery -> Hmac.bytes(delivery.header(name));
    }

    /** The headers in it, in lower case. */
    Set<String> headers() {
        return headers;
    }

    /** What must have been signed. */
    byte[][] of(Delivery delivery) {
        return parts.stream().map(part -> part.of(delivery)).toArray(byte[][]::new);
    }

    /** Whether each of its headers is there, and once. */
    boolean isWhole(Delivery delivery) {
        return headers.stream().noneMatch(header -> delivery.header(header).isEmpty());
    }
}
