package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.Requests.OTHER;
import static dev.tallyhook.source.scheme.Requests.SECONDS;
import static dev.tallyhook.source.scheme.Requests.assertSigned;
import static dev.tallyhook.source.scheme.Requests.assertUnsigned;
import static dev.tallyhook.source.scheme.Requests.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import java.time.Instant;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MercadoPagoTest {

    private static final String SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
    private static final String REQUEST_ID = "bb56a2f1-6aae-46ac-982e-9dcd3581d08e";
    private static final String BODY = "{\"id\":12345,\"type\":\"payment\",\"data\":{\"id\":\"999999999\"}}";
    private static final Scheme SCHEME = Requests.scheme("mercadopago", SECRET);

    private static Requests signed(String query, String requestId, String time, String manifest) {
        return Requests.of(BODY)
                .withQuery(query)
                .with("x-request-id", requestId)
                .with("x-signature", "ts=" + time + ",v1=" + Requests.hex("HmacSHA256", SECRET, bytes(manifest)));
    }

    private static Requests at(String time) {
        return signed(
                "data.id=999999999&type=payment",
                REQUEST_ID,
                time,
                "id:999999999;request-id:" + REQUEST_ID + ";ts:" + time + ";");
    }

    private static Requests valid() {
        return at(String.valueOf(SECONDS));
    }

    @Test
    void what_is_signed_is_known() {
        assertSigned(SCHEME, valid());
    }

    @Test
    void what_the_vendors_documentation_signs_is_known() {
        // The example of the documentation, under a secret of ours.
        var request = signed(
                "data.id=123456&type=payment",
                REQUEST_ID,
                "1704908010",
                "id:123456;request-id:" + REQUEST_ID + ";ts:1704908010;");
        assertSigned(
                Requests.scheme("mercadopago", Map.of("secrets", SECRET), Instant.ofEpochSecond(1704908010)), request);
    }

    @Test
    void nothing_that_is_signed_may_be_changed() {
        assertUnsigned(SCHEME, valid().withTheHeaderSpoiled("x-signature"));
        assertUnsigned(SCHEME, valid().withTheHeaderSpoiled("x-request-id"));
        assertUnsigned(
                SCHEME,
                Stream.of(
                                "",
                                "data.id=999999998",
                                "data.id=",
                                "data.id",
                                "id=999999999",
                                "DATA.ID=999999999",
                                "data.id=999999999&data.id=999999999",
                                "data.id=999999999&data%2Eid=1",
                                "data.id=%39%ZZ",
                                "data.id=999999999%",
                                "data.id=999999999%20",
                                "data.id=999999999+",
                                "a&".repeat(200) + "data.id=999999999")
                        .map(valid()::withQuery));
        assertUnsigned(SCHEME, valid().withQuery(null));
        assertUnsigned(Requests.scheme("mercadopago", OTHER), valid());
    }

    @Test
    void the_body_is_not_signed_and_changes_nothing() {
        Event event = valid().eventOf(SCHEME);
        Requests.strangeBodies().map(valid()::withBody).forEach(other -> {
            assertSigned(SCHEME, other);
            assertEquals(event, other.eventOf(SCHEME));
        });
    }

    @Test
    void a_value_cannot_pass_for_two() {
        String manifest = "id:1;request-id:2;ts:" + SECONDS + ";";
        assertSigned(SCHEME, signed("data.id=1", "2", String.valueOf(SECONDS), manifest));
        assertUnsigned(
                SCHEME,
                signed("data.id=1;request-id:2", "2", String.valueOf(SECONDS), manifest)
                        .without("x-request-id"));
        assertUnsigned(
                SCHEME,
                signed("data.id=1%3Brequest-id%3A2", "2", String.valueOf(SECONDS), manifest)
                        .without("x-request-id"));
    }

    @Test
    void an_id_is_taken_as_it_came_or_in_lower_case() {
        String time = String.valueOf(SECONDS);
        for (String id : new String[] {"ORD01AbC", "ord01abc"}) {
            assertSigned(SCHEME, signed("data.id=ORD01AbC", REQUEST_ID, time, manifest(id, time)));
        }
        assertUnsigned(SCHEME, signed("data.id=ORD01AbC", REQUEST_ID, time, manifest("ORD01ABC", time)));
        assertUnsigned(SCHEME, signed("data.id=ord01abc", REQUEST_ID, time, manifest("ORD01ABC", time)));
    }

    private static String manifest(String id, String time) {
        return "id:" + id + ";request-id:" + REQUEST_ID + ";ts:" + time + ";";
    }

    @Test
    void what_has_no_value_is_left_out() {
        String time = String.valueOf(SECONDS);
        var withoutId = signed("type=payment", REQUEST_ID, time, "request-id:" + REQUEST_ID + ";ts:" + time + ";");
        assertSigned(SCHEME, withoutId);
        assertSigned(SCHEME, withoutId.withQuery(null));
        assertEquals(null, withoutId.eventOf(SCHEME).subject());
        var withoutRequestId =
                signed("data.id=7", "x", time, "id:7;ts:" + time + ";").without("x-request-id");
        assertSigned(SCHEME, withoutRequestId);
        assertUnsigned(SCHEME, signed("a=b", "x", time, "ts:" + time + ";").without("x-request-id"));
    }

    @ParameterizedTest
    @CsvSource({
        "0,true",
        "-432000,true",
        "432000,true",
        "-432001,false",
        "432001,false",
        "-1700000000,false",
    })
    void a_time_of_the_last_retry_is_still_of_now(long off, boolean isSigned) {
        for (String time : new String[] {String.valueOf(SECONDS + off), (SECONDS + off) + "123"}) {
            if (isSigned) {
                assertSigned(SCHEME, at(time));
            } else {
                assertUnsigned(SCHEME, at(time));
            }
        }
    }

    @Test
    void the_tolerance_can_be_narrowed() {
        Scheme narrow = Requests.scheme("mercadopago", Map.of("secrets", SECRET, "tolerance", "PT5M"));
        assertSigned(narrow, at(String.valueOf(SECONDS - 300)));
        assertUnsigned(narrow, at(String.valueOf(SECONDS - 301)));
        assertUnsigned(narrow, at(String.valueOf(SECONDS + 301)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "+1", "1.5", "x", "17958600000000", "99999999999999999999"})
    void a_time_that_is_none_is_refused(String time) {
        assertUnsigned(SCHEME, at(time));
    }

    @Test
    void two_times_or_signatures_are_refused_and_those_of_other_versions_are_passed_over() {
        String time = String.valueOf(SECONDS);
        assertUnsigned(SCHEME, valid().with("x-signature", valid().header("x-signature") + ",ts=" + time));
        assertSigned(SCHEME, valid().with("x-signature", valid().header("x-signature") + ",v2=abc"));
        assertUnsigned(SCHEME, valid().with("x-signature", "v1=abc," + valid().header("x-signature")));
        String upper = valid().header("x-signature").toUpperCase(java.util.Locale.ROOT);
        assertUnsigned(
                SCHEME, valid().with("x-signature", upper.replace("TS", "ts").replace("V1", "v1")));
    }

    @Test
    void the_old_secret_counts_until_it_is_taken_away() {
        assertSigned(Requests.scheme("mercadopago", OTHER + "," + SECRET), valid());
        assertUnsigned(Requests.scheme("mercadopago", OTHER), valid());
    }

    @Test
    void an_event_says_what_is_signed_and_no_more() {
        assertEquals(
                Event.of("999999999~" + REQUEST_ID + "~" + SECONDS)
                        .about("999999999")
                        .at(Requests.NOW)
                        .because(Unmapped.NOT_SIGNED),
                valid().eventOf(SCHEME));
        String millis = SECONDS + "250";
        assertEquals(Requests.NOW.plusMillis(250), at(millis).eventOf(SCHEME).occurredAt());
    }

    @Test
    void another_request_about_the_same_payment_is_another_event() {
        String time = String.valueOf(SECONDS);
        var other = signed("data.id=999999999", "other", time, "id:999999999;request-id:other;ts:" + time + ";");
        assertNotEquals(
                valid().eventOf(SCHEME).identity(), other.eventOf(SCHEME).identity());
        assertNotEquals(
                valid().eventOf(SCHEME).identity(),
                at(String.valueOf(SECONDS + 1)).eventOf(SCHEME).identity());
    }
}
