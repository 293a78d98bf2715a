package dev.tallyhook.endpoint;

import dev.tallyhook.problem.Violation;
import dev.tallyhook.source.Sources;
import dev.tallyhook.transaction.Identifier;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What an endpoint may be, whoever says it: the API and the configuration. Everything that is wrong is named at once. */
final class EndpointRules {

    private static final int URL_LENGTH_MAX = 2048;

    /** Of each list; as many are compared with each transaction. */
    private static final int ENTRIES_MAX = 100;

    /** Of an amount, before its point and behind it, as the ledger keeps amounts. */
    private static final int DIGITS_MAX = 18;

    private static final int HTTPS_PORT = 443;
    private static final int HTTP_PORT = 80;

    /** What may stand in a URL by RFC 3986; everything else is percent-encoded. */
    private static final Pattern PLAIN = Pattern.compile("[!-~]*");

    /** As the ledger has them: events of named sources have others than those of ISO 4217. */
    private static final Pattern CURRENCY = Pattern.compile("[A-Z][A-Z0-9]{2,11}");

    private static final String EVENTS =
            Arrays.stream(EventKind.values()).map(EventKind::type).collect(Collectors.joining(", "));

    private final boolean allowHttp;
    private final AllowedPorts ports;

    /** @throws IllegalArgumentException if the ports are not readable */
    EndpointRules(TellingConfig config) {
        allowHttp = config.allowHttp();
        ports = AllowedPorts.of(config.allowPorts());
    }

    /** What is wrong with them, by the names that the API has. */
    List<Violation> violations(EndpointSettings settings) {
        List<Violation> violations = new ArrayList<>();
        add("url", url(settings.url()), violations);
        String description = settings.description();
        add("description", description == null ? null : Identifier.violation(description), violations);
        add("events", entries(settings.events(), EndpointRules::event), violations);
        add("sources", entries(settings.sources(), EndpointRules::source), violations);
        add("types", entries(settings.types(), Identifier::violation), violations);
        add("currencies", entries(settings.currencies(), EndpointRules::currency), violations);
        add("accounts", entries(settings.accounts(), Identifier::violation), violations);
        add("amount_min", amount(settings.amountMin()), violations);
        return violations;
    }

    private static void add(String field, @Nullable String detail, List<Violation> violations) {
        if (detail != null) {
            violations.add(new Violation(field, detail));
        }
    }

    private @Nullable String url(String url) {
        if (url.isEmpty() || url.length() > URL_LENGTH_MAX) {
            return "must have 1 to 2048 characters";
        }
        if (!PLAIN.matcher(url).matches()) {
            return "must have no spaces, control characters or characters beyond ASCII: they are percent-encoded";
        }
        try {
            return violation(new URI(url));
        } catch (URISyntaxException wrong) {
            return "must be a URL";
        }
    }

    private @Nullable String violation(URI url) {
        boolean isHttp = "http".equalsIgnoreCase(url.getScheme());
        if (!"https".equalsIgnoreCase(url.getScheme()) && !(isHttp && allowHttp)) {
            return allowHttp ? "must begin with https:// or http://" : "must begin with https://";
        }
        if (url.getRawUserInfo() != null) {
            return "must have no user and no password";
        }
        if (url.getHost() == null) {
            return "must name a host";
        }
        if (url.getRawFragment() != null) {
            return "must have no fragment";
        }
        int port = url.getPort() == -1 ? (isHttp ? HTTP_PORT : HTTPS_PORT) : url.getPort();
        return ports.contains(port) ? null : "must have a port that tallyhook.telling.allow-ports allows: " + ports;
    }

    private static @Nullable String entries(
            @Nullable List<String> entries, Function<String, @Nullable String> violation) {
        if (entries == null) {
            return null;
        }
        if (entries.isEmpty() || entries.size() > ENTRIES_MAX) {
            return "must have 1 to 100 entries, or not be given";
        }
        if (new HashSet<>(entries).size() < entries.size()) {
            return "must have no entry twice";
        }
        for (int i = 0; i < entries.size(); i++) {
            String wrong = violation.apply(entries.get(i));
            if (wrong != null) {
                return "entry " + (i + 1) + " " + wrong;
            }
        }
        return null;
    }

    private static @Nullable String event(String event) {
        return EventKind.ofType(event).isPresent() ? null : "must be one of " + EVENTS;
    }

    private static @Nullable String source(String source) {
        return Sources.isName(source)
                ? null
                : "must be the name of a source: 1 to 32 lower-case letters, digits and dashes";
    }

    private static @Nullable String currency(String currency) {
        return CURRENCY.matcher(currency).matches() ? null : "must be the code of a currency, such as INR";
    }

    private static @Nullable String amount(@Nullable BigDecimal amount) {
        if (amount == null) {
            return null;
        }
        if (amount.signum() <= 0) {
            return "must be greater than 0";
        }
        boolean isLong = (long) amount.precision() - amount.scale() > DIGITS_MAX
                || amount.stripTrailingZeros().scale() > DIGITS_MAX;
        return isLong ? "must have at most 18 digits before the decimal point and 18 behind it" : null;
    }
}
