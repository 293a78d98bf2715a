package dev.tallyhook.source.scheme;

import dev.tallyhook.access.Credentials;
import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Json;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Mercado Pago: {@code x-signature: ts=…,v1=…}, HMAC-SHA256 in hexadecimal digits over {@code id:…;request-id:…;ts:…;}, where the
 * id is {@code data.id} of the query and the request's is of {@code x-request-id}; one without a value is left out with its name.
 *
 * <p>The body is not signed, so nothing of it is read: an event says that something happened to a payment, and what it is has to
 * be asked for. The identity is all that is signed. It is not known whether a retry has the request id and the time of the first
 * attempt; where it has not, it is an event of its own, which costs another look at the payment, whereas a shorter identity could take the
 * refund for the payment. For the same reason the time may be as old as the last retry, four days: whoever repeats a
 * delivery until then repeats its identity. What comes without a signature, as for QR codes and the older IPN, is refused.
 *
 * <p>Not confirmed: whether the id is signed in lower case, which the vendor's libraries have changed to and fro, so both are
 * taken; whether the time counts seconds or milliseconds, so its digits tell; how events of the Orders API are signed.
 *
 * @see <a href="https://www.mercadopago.com.br/developers/en/docs/your-integrations/notifications/webhooks">Mercado Pago:
 *     Webhooks</a>
 */
final class MercadoPago implements Scheme {

    private static final String SIGNATURE = "x-signature";
    private static final String REQUEST_ID = "x-request-id";
    private static final Duration TOLERANCE = Duration.ofDays(5);

    /** Visible ASCII without the separator, or one value could pass for two. */
    private static final Pattern SIGNABLE = Pattern.compile("[!-:<-~]{0,200}");

    private final SchemeContext context;
    private final Credentials<Hmac> keys;
    private final Duration tolerance;

    MercadoPago(SchemeContext context) {
        this.context = context;
        this.keys = context.secrets(secret -> Hmac.ofText(secret, Hmac.SHA256));
        this.tolerance = context.tolerance(TOLERANCE);
    }

    @Override
    public Verdict verify(Delivery delivery) {
        var signed = Signed.of(delivery);
        List<String> given = signed.signature().signatures();
        boolean fits = Hmac.anyFitsHex(keys.current(), given, signed.manifest(signed.id()));
        fits |= Hmac.anyFitsHex(keys.current(), given, signed.manifest(signed.lowerCaseId()));
        return Verdict.of(fits && signed.isClear() && context.isOfNow(signed.epochSecond(), tolerance));
    }

    @Override
    public List<Event> events(Delivery delivery) {
        var signed = Signed.of(delivery);
        return List.of(Event.of(DerivedIdentity.of(
                        signed.lowerCaseId(),
                        signed.requestId(),
                        signed.signature().timestamp()))
                .about(signed.id().isEmpty() ? null : signed.id())
                .at(Json.parseTime(signed.signature().timestamp()))
                .because(Unmapped.NOT_SIGNED));
    }

    @Override
    public List<String> headersToKeep() {
        return List.of(SIGNATURE, REQUEST_ID);
    }

    /**
     * What a delivery has signed.
     *
     * @param isClear whether its parts can mean nothing else, and name anything at all
     */
    private record Signed(String id, String requestId, SignatureHeader signature, boolean isClear) {

        static Signed of(Delivery delivery) {
            @Nullable String id = QueryParameter.read(delivery.query(), "data.id");
            String requestId = delivery.header(REQUEST_ID);
            var signature = SignatureHeader.read(delivery.header(SIGNATURE), ",", "ts", "v1");
            boolean clear = id != null
                    && signature.signatures().size() == 1
                    && SIGNABLE.matcher(id).matches()
                    && SIGNABLE.matcher(requestId).matches()
                    && !(id.isEmpty() && requestId.isEmpty());
            return new Signed(id == null ? "" : id, requestId, signature, clear);
        }

        String lowerCaseId() {
            return id.toLowerCase(Locale.ROOT);
        }

        byte[] manifest(String id) {
            return Hmac.bytes(part("id", id) + part("request-id", requestId) + part("ts", signature.timestamp()));
        }

        private static String part(String name, String value) {
            return value.isEmpty() ? "" : name + ":" + value + ";";
        }

        long epochSecond() {
            return Json.epochSecond(signature.epochSecond());
        }
    }
}
