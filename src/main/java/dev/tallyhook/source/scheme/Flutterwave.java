package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Amounts;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Flutterwave. Version 4: {@code flutterwave-signature}, HMAC-SHA256 in Base64 over the body. Version 3 signs nothing: the
 * secret itself comes in {@code verif-hash}, so whoever has seen one webhook can send others; it is not kept with what it came with. The vendor
 * asks to fetch the transaction before anything is given for it.
 *
 * <p>Not confirmed on a page of the vendor's: that version 4 signs with the HMAC and never sends the secret. A request whose
 * {@code flutterwave-signature} is the plain secret is refused.
 *
 * @see <a href="https://developer.flutterwave.com/docs/webhooks">Flutterwave: Webhooks</a>
 */
final class Flutterwave implements Scheme {

    private static final String SIGNATURE = "flutterwave-signature";
    private static final String TOKEN = "verif-hash";

    private static final String CHARGE = "charge.completed";
    private static final Set<String> WITH_MONEY = Set.of(CHARGE, "transfer.completed");

    /** By version 4 and by version 3, whose transfers write it in capital letters. */
    private static final Set<String> SUCCEEDED = Set.of("succeeded", "successful");

    private final Credentials<Key> keys;

    Flutterwave(SchemeContext context) {
        this.keys = context.secrets(Key::of);
    }

    @Override
    public Verdict verify(Delivery delivery) {
        List<Key> current = keys.current();
        String signature = delivery.header(SIGNATURE);
        boolean signed = Hmac.anyFitsBase64(current.stream().map(Key::hmac).toList(), signature, delivery.body());
        boolean sent = StaticToken.anyIs(current.stream().map(Key::token).toList(), delivery.header(TOKEN));
        return Verdict.of(signature.isEmpty() ? sent : signed);
    }

    @Override
    public List<Event> events(Delivery delivery) {
        return OneEvent.of(delivery, body -> event(body, delivery));
    }

    private static Event event(Json body, Delivery delivery) {
        Json data = body.at("/data");
        String id = body.text("/webhook_id");
        String told = body.first(id == null ? "/event" : "/type");
        Event event = (id == null ? third(told, data, delivery) : fourth(id, body))
                .ofType(told == null ? null : type(told, data.text("/status")));
        return WITH_MONEY.contains(String.valueOf(told))
                ? Amounts.major(event, data.text("/amount"), data.text("/currency"))
                : event.because(Unmapped.UNKNOWN_TYPE);
    }

    /**
     * What is told as completed may have failed, which only its status says: then the type says it too, so that who asks for what was
     * completed does not get it.
     */
    private static String type(String told, @Nullable String status) {
        String how = status == null ? "" : status.toLowerCase(Locale.ROOT);
        return !WITH_MONEY.contains(told) || how.isEmpty() || SUCCEEDED.contains(how) ? told : told + "." + how;
    }

    private static Event fourth(String id, Json body) {
        return Event.of(id)
                .about(body.text("/data/id"))
                .at(body.time("/timestamp", "/data/created_datetime"))
                .from(body.text("/data/customer/id"));
    }

    private static Event third(@Nullable String type, Json data, Delivery delivery) {
        Event event = identified(type, data, delivery)
                .about(data.first("/tx_ref", "/reference"))
                .at(data.time("/created_at"));
        return CHARGE.equals(type) ? event.from(data.text("/customer/id")).to(data.text("/account_id")) : event;
    }

    /**
     * A charge that has failed may succeed later under the same id, so the status tells the two apart. A type that no rule is known
     * for may come more than once for one object.
     */
    private static Event identified(@Nullable String type, Json data, Delivery delivery) {
        if (type == null || !WITH_MONEY.contains(type)) {
            return Event.of(Event.digest(delivery.body()));
        }
        String id = data.text("/id");
        return OneEvent.identified(id == null ? null : DerivedIdentity.of(type, id, data.text("/status")), delivery);
    }

    /** Not the token: it would let whoever reads the ledger send webhooks. */
    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE);
    }

    /** A secret in both of its uses. */
    private record Key(Hmac hmac, StaticToken token) {

        static Key of(String secret) {
            return new Key(Hmac.ofText(secret, Hmac.SHA256), StaticToken.of(secret));
        }
    }
}
