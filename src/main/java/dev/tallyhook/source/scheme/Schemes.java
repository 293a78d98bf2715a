package dev.tallyhook.source.scheme;

import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.SchemeContext;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;

/** All of them, by the names that {@code tallyhook.sources.<name>.scheme} takes. */
public final class Schemes {

    private static final Map<String, Function<SchemeContext, Scheme>> ALL = new TreeMap<>(Map.ofEntries(
            Map.entry("adyen", Adyen::new),
            Map.entry("adyen-platform", AdyenPlatform::new),
            Map.entry("braintree", Braintree::new),
            Map.entry("checkout", Checkout::new),
            Map.entry("coinbase", Coinbase::new),
            Map.entry("flutterwave", Flutterwave::new),
            Map.entry("github", GitHub::new),
            Map.entry("gocardless", GoCardless::new),
            Map.entry("hmac", ConfiguredHmac::new),
            Map.entry("mercadopago", MercadoPago::new),
            Map.entry("mollie", Mollie::new),
            Map.entry("paddle", Paddle::new),
            Map.entry("paypal", PayPal::new),
            Map.entry("paystack", Paystack::new),
            Map.entry("razorpay", Razorpay::new),
            Map.entry("revolut", Revolut::new),
            Map.entry("shopify", Shopify::new),
            Map.entry("square", Square::new),
            Map.entry("standard-webhooks", StandardWebhooks::new),
            Map.entry("stripe", Stripe::new),
            Map.entry("twilio", Twilio::new),
            Map.entry("xendit", Xendit::new)));

    private Schemes() {}

    /** What {@code scheme} may be. */
    public static Set<String> names() {
        return Collections.unmodifiableSet(ALL.keySet());
    }

    /**
     * Makes the one of a source.
     *
     * @throws io.quarkus.runtime.configuration.ConfigurationException if there is none of that name, or its settings are wrong
     */
    public static Scheme of(SchemeContext context) {
        Function<SchemeContext, Scheme> scheme = ALL.get(context.config().scheme());
        if (scheme == null) {
            throw context.refuse("scheme", "must be one of " + String.join(", ", ALL.keySet()));
        }
        return scheme.apply(context);
    }
}
