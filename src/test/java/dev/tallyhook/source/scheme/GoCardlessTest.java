package dev.tallyhook.source.scheme;

import static dev.tallyhook.source.scheme.SchemeFixture.NOW;
import static dev.tallyhook.source.scheme.SchemeFixture.assertEvents;
import static dev.tallyhook.source.scheme.SchemeFixture.delivery;
import static dev.tallyhook.source.scheme.SchemeFixture.hex;
import static dev.tallyhook.source.scheme.SchemeFixture.scheme;
import static dev.tallyhook.source.scheme.SchemeFixture.settings;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.tallyhook.source.Event;
import dev.tallyhook.source.Scheme;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GoCardlessTest {

    private static final String HEADER = "Webhook-Signature";
    private static final String SECRET = "ED7D658C-D8EB-4941-948B-3973214F2D49";
    private static final Scheme SCHEME = scheme("gocardless", "secrets", SECRET);

    /** Of the vendor's own tests: gocardless/gocardless-pro-java, WebhookTest. */
    private static final String VECTOR =
            "{\"events\":[{\"id\":\"EV00BD05S5VM2T\",\"created_at\":\"2018-07-05T09:13:51.404Z\",\"resource_type\":\"subscriptions\","
                    + "\"action\":\"created\",\"links\":{\"subscription\":\"SB0003JJQ2MR06\"},\"details\":{\"origin\":\"api\","
                    + "\"cause\":\"subscription_created\",\"description\":\"Subscription created via the API.\"},\"metadata\":{}},"
                    + "{\"id\":\"EV00BD05TB8K63\",\"created_at\":\"2018-07-05T09:13:56.893Z\",\"resource_type\":\"mandates\","
                    + "\"action\":\"created\",\"links\":{\"mandate\":\"MD000AMA19XGEC\"},\"details\":{\"origin\":\"api\","
                    + "\"cause\":\"mandate_created\",\"description\":\"Mandate created via the API.\"},\"metadata\":{}}]}";

    private static final String VECTOR_SIGNATURE = "2693754819d3e32d7e8fcb13c729631f316c6de8dc1cf634d6527f1c07276e7e";

    private static final String CONFIRMED = """
            {"events":[{"id":"EV1","created_at":"2026-11-27T10:00:00.000Z","resource_type":"payments","action":"confirmed",
            "links":{"payment":"PM1","creditor":"CR1"},"details":{"origin":"gocardless"},"metadata":{}}],"meta":{"webhook_id":"WB1"}}""";

    @TestFactory
    Stream<DynamicTest> what_is_signed() {
        return new SchemeFixture.Signed(
                        settings("scheme", "gocardless", "secrets", SECRET),
                        "another",
                        VECTOR,
                        Map.of(HEADER, VECTOR_SIGNATURE),
                        HEADER,
                        List.of())
                .cases();
    }

    @Test
    void the_vendors_signature_fits() {
        assertEquals(VECTOR_SIGNATURE, hex(SECRET, VECTOR));
        assertEquals(Verdict.SIGNED, SCHEME.verify(delivery(VECTOR, HEADER, VECTOR_SIGNATURE)));
        assertEquals(
                List.of("EV00BD05S5VM2T SB0003JJQ2MR06", "EV00BD05TB8K63 MD000AMA19XGEC"),
                SCHEME.events(delivery(VECTOR)).stream()
                        .map(event -> event.identity() + " " + event.subject())
                        .toList());
    }

    @Test
    void an_event_has_no_amount_and_is_not_marked_for_that() {
        Event expected = Event.of("EV1")
                .ofType("payments.confirmed")
                .about("PM1")
                .at(NOW)
                .to("CR1");
        assertEvents(List.of(expected), SCHEME.events(delivery(CONFIRMED)));
        assertEvents(List.of(expected), SCHEME.events(delivery(CONFIRMED.replace("WB1", "WB2"))));
    }

    @Test
    void a_call_may_have_250_events() {
        String events = IntStream.range(0, 250)
                .mapToObj(i -> "{\"id\":\"EV" + i
                        + "\",\"resource_type\":\"payouts\",\"action\":\"paid\",\"links\":{\"payout\":\"PO" + i
                        + "\"}}")
                .collect(Collectors.joining(","));
        assertEvents(
                IntStream.range(0, 250)
                        .mapToObj(i -> Event.of("EV" + i).ofType("payouts.paid").about("PO" + i))
                        .toList(),
                SCHEME.events(delivery("{\"events\":[" + events + "]}")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', nullValues = "-", textBlock = """
            "resource_type":"billing_requests","action":"fulfilled","links":{"billing_request":"BRQ","customer":"CU"} | billing_requests.fulfilled | BRQ | CU | - | -
            "resource_type":"payments","action":"failed","links":{"payment":"PM","mandate":"MD","organisation":"OR"} | payments.failed | PM | MD | OR | -
            "resource_type":"refunds","action":"paid","links":{"payment":"PM"} | refunds.paid | - | - | - | -
            "resource_type":"../x","action":"paid","links":{"../":"PM"} | ../x.paid | - | - | - | -
            "action":"paid" | - | - | - | - | UNKNOWN_TYPE
            "resource_type":"payments","links":{"payment":"PM"} | - | PM | - | - | UNKNOWN_TYPE
            """)
    void the_subject_is_the_link_that_is_named_like_the_resources(
            String members,
            @Nullable String type,
            @Nullable String subject,
            @Nullable String from,
            @Nullable String to,
            @Nullable Unmapped why) {
        Event expected =
                Event.of("E").ofType(type).about(subject).from(from).to(to).because(why);
        assertEvents(List.of(expected), SCHEME.events(delivery("{\"events\":[{\"id\":\"E\"," + members + "}]}")));
    }

    @Test
    void events_without_ids_are_told_apart_all_the_same() {
        List<Event> events = SCHEME.events(delivery("{\"events\":[{\"action\":\"a\"},{\"action\":\"a\"},7]}"));
        assertEquals(3, events.stream().map(Event::identity).distinct().count());
        events.forEach(event -> assertEquals(Unmapped.NO_IDENTITY, event.unmapped()));
        for (String none : List.of("{\"events\":[]}", "{\"events\":{}}", "{}", "[]", "")) {
            assertEvents(
                    List.of(Event.of(Event.digest(none)).because(Unmapped.UNREADABLE)), SCHEME.events(delivery(none)));
        }
    }

    @TestFactory
    Stream<DynamicTest> whatever_comes_is_an_event() {
        return SchemeFixture.survived(SCHEME, Map.of(HEADER, VECTOR_SIGNATURE), CONFIRMED);
    }
}
