package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Amounts;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.SourcesConfig;
import dev.tallyhook.source.Unmapped;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the parts of an event stand, as a source's settings say: JSON pointers (RFC 6901) into the body, and of id and type
 * {@code header:x-name} too, if that header is signed.
 *
 * <p>Where {@code amount} is set, an event that has none is marked: nobody here knows of which types it is to be expected.
 */
final class Pointers {

    private static final Pattern POINTER = Pattern.compile("(/([^~/]|~[01])*+)++");

    private static final String HEADER = "header:";

    /** Where one part stands: nowhere, in the body, or in a header. */
    private record Place(@Nullable String pointer, @Nullable String header) {

        @Nullable
        String find(Delivery delivery, @Nullable Json body) {
            if (header != null) {
                String value = delivery.header(header);
                return value.isEmpty() ? null : value;
            }
            return pointer == null || body == null ? null : body.text(pointer);
        }
    }

    private final SchemeContext context;
    private final Set<String> signedHeaders;
    private final Place id;
    private final Place type;
    private final Place subject;
    private final Place occurredAt;
    private final Place sourceAccount;
    private final Place destinationAccount;
    private final Place amount;
    private final Place currency;
    private final Amounts minor = Amounts.of("iso4217");
    private final boolean isMinor;

    /**
     * Reads the settings.
     *
     * @param signedHeaders those that the signature covers, in lower case
     * @param usualType where the type stands unless it is set
     * @param usualTime where the time stands unless it is set
     * @throws io.quarkus.runtime.configuration.ConfigurationException if one is wrong
     */
    Pointers(SchemeContext context, Set<String> signedHeaders, Optional<String> usualType, Optional<String> usualTime) {
        SourcesConfig.OfSource config = context.config();
        this.context = context;
        this.signedHeaders = signedHeaders;
        id = placeOrHeader("id", config.id());
        type = placeOrHeader("type", config.type().or(() -> usualType));
        subject = place("subject", config.subject());
        occurredAt = place("occurred-at", config.occurredAt().or(() -> usualTime));
        sourceAccount = place("source-account", config.sourceAccount());
        destinationAccount = place("destination-account", config.destinationAccount());
        amount = place("amount", config.amount());
        currency = place("currency", config.currency());
        isMinor =
                context.oneOf("unit", config.unit(), List.of("minor", "major")).equals("minor");
        if (config.amount().isPresent() != config.currency().isPresent()) {
            throw context.refuse(
                    config.amount().isPresent() ? "currency" : "amount",
                    "must be set too: an amount needs both, such as /data/amount and /data/currency");
        }
    }

    private Place placeOrHeader(String setting, Optional<String> value) {
        String text = value.orElse("");
        if (!text.startsWith(HEADER)) {
            return place(setting, value);
        }
        String header = text.substring(HEADER.length()).toLowerCase(Locale.ROOT);
        if (!signedHeaders.contains(header)) {
            throw context.refuse(
                    setting,
                    "must be a header that is signed"
                            + (signedHeaders.isEmpty()
                                    ? ", and none is: signed would have to say {header:x-name}"
                                    : ", one of " + String.join(", ", signedHeaders)));
        }
        return new Place(null, header);
    }

    private Place place(String setting, Optional<String> value) {
        value.ifPresent(pointer -> {
            if (!POINTER.matcher(pointer).matches()) {
                throw context.refuse(
                        setting,
                        "must be a JSON pointer, such as /data/id, with ~1 for a slash in a name and ~0 for ~");
            }
        });
        return new Place(value.orElse(null), null);
    }

    /**
     * What they find.
     *
     * @param usualIdentity of an event whose id is not found; null for a digest of its bytes
     * @param isUsual whether that is as it should be, because no id is set
     */
    Event event(Delivery delivery, @Nullable String usualIdentity, boolean isUsual) {
        Json body = Json.object(delivery.body()).orElse(null);
        String found = id.find(delivery, body);
        String identity = found != null ? found : usualIdentity;
        Event event = (identity == null ? Event.of(Event.digest(delivery.body())) : Event.of(identity))
                .ofType(type.find(delivery, body));
        if (body == null) {
            return event.because(Unmapped.UNREADABLE);
        }
        Event told = (found == null && !isUsual ? event.because(Unmapped.NO_IDENTITY) : event)
                .about(subject.find(delivery, body))
                .at(Json.parseTime(occurredAt.find(delivery, body)))
                .from(sourceAccount.find(delivery, body))
                .to(destinationAccount.find(delivery, body));
        return amount.pointer() == null
                ? told
                : worth(told, amount.find(delivery, body), currency.find(delivery, body));
    }

    private Event worth(Event event, @Nullable String sent, @Nullable String code) {
        return isMinor ? minor.minor(event, sent, code) : Amounts.major(event, sent, code);
    }
}
