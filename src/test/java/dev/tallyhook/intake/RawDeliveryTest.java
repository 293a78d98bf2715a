package dev.tallyhook.intake;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.source.Delivery;
import dev.tallyhook.source.Scheme;
import io.vertx.core.MultiMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of a delivery's headers is kept, so that the same events are made of it later. */
class RawDeliveryTest {

    private static final Scheme SCHEME = new MadeUpScheme(delivery -> List.of(), List.of("x-name"));

    private static String kept(String value) {
        MultiMap headers = MultiMap.caseInsensitiveMultiMap().add("X-Name", value);
        var delivery = new Delivery(headers, null, new byte[0]);
        return RawDelivery.restore(RawDelivery.of(delivery, SCHEME).request()).header("x-name");
    }

    /** UTF-8 comes as two characters of ISO 8859-1, of which one may be a control character there. */
    @ParameterizedTest
    @ValueSource(strings = {"plain", "a\tb", "\u00C3\u0080", "\u00FF"})
    void what_http_allows_is_kept_byte_for_byte(String value) {
        assertEquals(value, kept(value));
    }

    @Test
    void what_it_does_not_allow_is_not() {
        assertEquals("", kept("a\nb"));
        assertEquals("", kept("a\u007Fb"));
    }
}
