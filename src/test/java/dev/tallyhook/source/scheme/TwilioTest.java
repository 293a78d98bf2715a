package dev.tallyhook.source.scheme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.tallyhook.source.Answer;
import dev.tallyhook.source.Event;
import dev.tallyhook.source.Hmac;
import dev.tallyhook.source.Unmapped;
import dev.tallyhook.source.Verdict;
import io.quarkus.runtime.configuration.ConfigurationException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TwilioTest {

    private static final String TOKEN = "12345";
    private static final String URL = "https://mycompany.com/myapp.php";
    private static final String HEADER = "X-Twilio-Signature";
    private static final String SETTINGS = "X-Twilio-Webhooks-Signature-Settings";
    private static final String SHARED = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256";

    private static final String CALL =
            "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";
    private static final String MESSAGE = "AccountSid=AC0&MessageSid=SM1&MessageStatus=delivered&ApiVersion=2010-04-01";
    private static final String MESSAGE_TEXT = "AccountSidAC0ApiVersion2010-04-01MessageSidSM1MessageStatusdelivered";

    private final Provider twilio = of(TOKEN);

    private static Provider of(String secrets) {
        return Provider.of(Twilio::new, Map.of("secrets", secrets, "url", URL));
    }

    private static String sha1(String secret, String text) {
        return Hmac.ofText(secret, Hmac.SHA1).signBase64(Provider.bytes(text));
    }

    private Verdict verify(String signature, String query, String body) {
        return twilio.scheme().verify(Provider.delivery(Map.of(HEADER, signature), query, Provider.bytes(body)));
    }

    /** The example of Twilio's page on security. */
    @Test
    void what_twilio_documents_as_signed_is_signed() {
        assertEquals(Verdict.SIGNED, verify("RSOYDt4T1cUTdK1PDd93/VVr8B8=", "foo=1&bar=2", CALL));
        assertEquals(Verdict.UNSIGNED, verify("RSOYDt4T1cUTdK1PDd93/VVr8B8=", "bar=2&foo=1", CALL));
        assertEquals(Verdict.UNSIGNED, verify("RSOYDt4T1cUTdK1PDd93/VVr8B8=", "foo=1&bar=2&", CALL));
        assertEquals(Verdict.UNSIGNED, verify("RSOYDt4T1cUTdK1PDd93/VVr8B8=", "", CALL));
        assertEquals(Verdict.UNSIGNED, verify("RSOYDt4T1cUTdK1PDd93/VVr8B8=", null, CALL));
    }

    @Test
    void a_body_with_any_bit_changed_is_refused_or_tells_the_same() {
        Map<String, String> headers = Map.of(HEADER, sha1(TOKEN, URL + MESSAGE_TEXT));
        Event genuine = twilio.event(MESSAGE);
        assertEquals(Verdict.SIGNED, twilio.verify(headers, MESSAGE));
        Provider.flips(MESSAGE).forEach(flipped -> {
            var delivery = Provider.delivery(headers, null, flipped);
            if (twilio.scheme().verify(delivery) == Verdict.SIGNED) {
                assertEquals(List.of(genuine), twilio.scheme().events(delivery));
            }
        });
    }

    @Test
    void a_header_with_any_character_changed_or_missing_or_twice_is_refused() {
        String signature = sha1(TOKEN, URL + MESSAGE_TEXT);
        Provider.changes(signature)
                .forEach(changed -> assertEquals(Verdict.UNSIGNED, verify(changed, null, MESSAGE), changed));
        twilio.without(Map.of(HEADER, signature), HEADER, MESSAGE)
                .forEach(delivery ->
                        assertEquals(Verdict.UNSIGNED, twilio.scheme().verify(delivery)));
        for (String other : List.of(
                signature.replace("=", ""),
                signature + "=",
                "sha1=" + signature,
                "x".repeat(100_000),
                Hmac.ofText(TOKEN, Hmac.SHA1).signHex(Provider.bytes(URL + MESSAGE_TEXT)))) {
            assertEquals(Verdict.UNSIGNED, verify(other, null, MESSAGE));
        }
    }

    @Test
    void the_port_may_be_in_the_url_that_is_signed_or_not() {
        for (String url : List.of("https://mycompany.com:443/myapp.php", URL)) {
            assertEquals(Verdict.SIGNED, verify(sha1(TOKEN, url + MESSAGE_TEXT), null, MESSAGE));
        }
        for (String url : List.of(
                "https://mycompany.com:8443/myapp.php",
                "http://mycompany.com/myapp.php",
                "https://mycompany.com:80/myapp.php",
                "https://mycompany.com/myapp.php/",
                "https://MYCOMPANY.com/myapp.php")) {
            assertEquals(Verdict.UNSIGNED, verify(sha1(TOKEN, url + MESSAGE_TEXT), null, MESSAGE), url);
        }
        Provider other = Provider.of(
                Twilio::new, Map.of("secrets", TOKEN, "url", "http://user:pass@[::1]:8080/v1/webhooks/twilio"));
        for (String url : List.of(
                "http://user:pass@[::1]:8080/v1/webhooks/twilio", "http://user:pass@[::1]/v1/webhooks/twilio")) {
            assertEquals(Verdict.SIGNED, other.verify(Map.of(HEADER, sha1(TOKEN, url + MESSAGE_TEXT)), MESSAGE), url);
        }
        assertEquals(
                Verdict.UNSIGNED,
                other.verify(
                        Map.of(HEADER, sha1(TOKEN, "http://user:pass@[::1]:80/v1/webhooks/twilio" + MESSAGE_TEXT)),
                        MESSAGE));
    }

    @Test
    void fields_are_signed_in_the_order_of_their_bytes_and_each_once() {
        assertEquals(
                Verdict.SIGNED,
                verify(
                        sha1(TOKEN, URL + "B1B2a0\u00e9x\uff5e1\ud83d\ude002"),
                        null,
                        "%F0%9F%98%80=2&%EF%BD%9E=1&%C3%A9=x&a=0&B=2&B=1&B=2"));
    }

    @Test
    void during_a_rotation_both_secrets_are_good_and_afterwards_the_new_one_alone() {
        Provider during = of(TOKEN + ",old");
        for (String token : List.of(TOKEN, "old")) {
            assertEquals(Verdict.SIGNED, during.verify(Map.of(HEADER, sha1(token, URL + MESSAGE_TEXT)), MESSAGE));
        }
        assertEquals(Verdict.UNSIGNED, verify(sha1("old", URL + MESSAGE_TEXT), null, MESSAGE));
    }

    @Test
    void a_body_that_is_no_form_is_held_against_the_digest_in_the_query() {
        String body = "{\"a\":1}";
        String query = "x=1&bodySHA256=" + Event.digest(body).substring("sha256:".length());
        String signature = sha1(TOKEN, URL + "?" + query);
        assertEquals(Verdict.SIGNED, verify(signature, query, body));
        assertEquals(Verdict.UNSIGNED, verify(signature, query, body + " "));
        assertEquals(Verdict.UNSIGNED, verify(signature, query, ""));
        for (String other : List.of(
                query.toUpperCase(Locale.ROOT),
                query.replace("bodySHA256=", "bodySHA256=0"),
                query + "&bodySHA256=0",
                query + "&bodySHA256=" + Event.digest(body).substring("sha256:".length()),
                "bodySHA256=",
                "x=1")) {
            assertEquals(Verdict.UNSIGNED, verify(sha1(TOKEN, URL + "?" + other), other, body), other);
        }
        Provider.flips(body)
                .forEach(flipped -> assertEquals(
                        Verdict.UNSIGNED,
                        twilio.scheme().verify(Provider.delivery(Map.of(HEADER, signature), query, flipped))));
        assertEquals(
                List.of(Event.ofBytes(Provider.bytes(body), Unmapped.UNKNOWN_TYPE)),
                twilio.scheme().events(Provider.delivery(Map.of(), query, Provider.bytes(body))));
    }

    @Test
    void a_shared_key_signs_with_the_algorithm_that_the_settings_name() {
        String sha256 = Hmac.ofText(TOKEN, Hmac.SHA256).signBase64(Provider.bytes(URL + MESSAGE_TEXT));
        String sha1 = sha1(TOKEN, URL + MESSAGE_TEXT);
        assertEquals(Verdict.SIGNED, twilio.verify(Map.of(HEADER, sha256, SETTINGS, SHARED), MESSAGE));
        assertEquals(Verdict.SIGNED, twilio.verify(Map.of(HEADER, sha1, SETTINGS, "algorithm=HMAC_SHA1"), MESSAGE));
        assertEquals(Verdict.UNSIGNED, twilio.verify(Map.of(HEADER, sha256), MESSAGE));
        assertEquals(Verdict.UNSIGNED, twilio.verify(Map.of(HEADER, sha1, SETTINGS, SHARED), MESSAGE));
        for (String settings : List.of(
                "key=1",
                "algorithm=hmac_sha256",
                "algorithm=NONE",
                "algorithm=",
                " ",
                "key=1, algorithm=HMAC_SHA256",
                "algorithm=HMAC_SHA256,algorithm=HMAC_SHA256",
                "algorithm=HMAC_SHA1,algorithm=HMAC_SHA256",
                "algorithm=HMAC_SHA256" + ",".repeat(100_000))) {
            assertEquals(Verdict.UNSIGNED, twilio.verify(Map.of(HEADER, sha256, SETTINGS, settings), MESSAGE));
            assertEquals(Verdict.UNSIGNED, twilio.verify(Map.of(HEADER, sha1, SETTINGS, settings), MESSAGE));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mycompany.com/x",
                "https://mycompany.com",
                "https://mycompany.com/x?y=1",
                "https://mycompany.com/x#rc=2",
                "ftp://mycompany.com/x",
                "https://mycompany.com:/x",
                "https://my company.com/x",
                "https://mycompany.com/\u00e9"
            })
    void a_url_that_twilio_would_not_sign_ends_the_start(String url) {
        assertThrows(
                ConfigurationException.class, () -> Provider.of(Twilio::new, Map.of("secrets", TOKEN, "url", url)));
    }

    @Test
    void without_a_url_or_a_secret_it_does_not_start() {
        assertThrows(ConfigurationException.class, () -> Provider.of(Twilio::new, Map.of("secrets", TOKEN)));
        assertThrows(ConfigurationException.class, () -> Provider.of(Twilio::new, Map.of("url", URL)));
    }

    @Test
    void a_message_is_told_apart_by_its_id_and_status() {
        assertEquals(
                Event.of("SM1~delivered")
                        .ofType("message.delivered")
                        .about("SM1")
                        .to("AC0"),
                twilio.event(MESSAGE));
        assertEquals(
                Event.of("SM1~received").ofType("message.received").about("SM1").to("AC0"),
                twilio.event("AccountSid=AC0&SmsSid=SM1&SmsStatus=received&Body=hello"));
        assertEquals(
                twilio.event(MESSAGE),
                twilio.event("MessageStatus=delivered&MessageSid=SM1&AccountSid=AC0&ErrorCode=30001"));
    }

    @Test
    void a_call_is_told_apart_by_its_number_or_by_all_that_it_says() {
        String numbered = "AccountSid=AC0&CallSid=CA1&CallStatus=completed&SequenceNumber=2"
                + "&Timestamp=Fri%2C+27+Nov+2026+10%3A00%3A00+%2B0000";
        assertEquals(
                Event.of("CA1~completed~2")
                        .ofType("call.completed")
                        .about("CA1")
                        .to("AC0")
                        .at(Instant.parse("2026-11-27T10:00:00Z")),
                twilio.event(numbered));
        Event one = twilio.event("CallSid=CA1&CallStatus=in-progress&Digits=1");
        Event other = twilio.event("CallSid=CA1&CallStatus=in-progress&Digits=2");
        assertEquals("call.in-progress", one.type());
        assertNotEquals(one.identity(), other.identity());
        assertEquals(one, twilio.event("Digits=1&CallStatus=in-progress&CallSid=CA1"));
    }

    @Test
    void what_cannot_be_mapped_says_why() {
        assertEquals(Unmapped.UNKNOWN_TYPE, twilio.event("MessageSid=SM1").unmapped());
        assertEquals("SM1", twilio.event("MessageSid=SM1").subject());
        assertEquals(
                Unmapped.NO_IDENTITY,
                twilio.event("AccountSid=AC0&RecordingSid=RE1").unmapped());
        assertEquals(Unmapped.NO_IDENTITY, twilio.event("").unmapped());
        assertEquals(Unmapped.UNREADABLE, twilio.event("{}").unmapped());
        assertEquals(
                Unmapped.NO_IDENTITY,
                twilio.event("MessageSid=SM1&MessageSid=SM2").unmapped());
    }

    @Test
    void nothing_that_a_stranger_sends_does_more_than_be_refused() {
        twilio.survives(Map.of(HEADER, "RSOYDt4T1cUTdK1PDd93/VVr8B8="));
        twilio.survives(Map.of(HEADER, "\u00ff\u0000", SETTINGS, ",,,="));
        assertEquals(new Answer(200, "text/xml", "<Response/>"), twilio.scheme().success());
    }
}
