package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallyhook.DocumentedService.Exchange;
import dev.tallyhook.source.Unmapped;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The limits that the document states are those that the service keeps: at one it accepts, over it it refuses. */
@QuarkusTest
@TestProfile(DocumentedService.Profile.class)
class OpenApiLimitsTest {

    @TestHTTPResource
    URI root;

    @Inject
    DataSource dataSource;

    private DocumentedService service;
    private OpenApiDocument document;

    @BeforeEach
    void readTheDocument() {
        service = new DocumentedService(root);
        document = new OpenApiDocument(service.getWithoutToken("/openapi.json").body());
    }

    private static String webhook(String member, String value) {
        String body = Webhooks.body(Webhooks.newId());
        String before = body.replaceFirst("(?s)\"" + member + "\":.*", "");
        String after = body.substring(before.length()).replaceFirst("^\"" + member + "\":[^,}]*", "");
        return before + "\"" + member + "\":" + value + after;
    }

    private void assertAnswers(int status, String member, String value) {
        Exchange exchange = service.post(webhook(member, value));
        assertEquals(status, exchange.status(), () -> member + " " + value + ": " + exchange.body());
        if (status == 422) {
            JsonNode errors = OpenApiDocument.parse(exchange.body()).get("errors");
            assertEquals(List.of(member), errors.findValuesAsText("field"));
        }
    }

    @ParameterizedTest
    @CsvSource({"transaction_id,TransactionId", "source_account,Account", "destination_account,Account"})
    void names_are_as_long_as_the_document_says(String member, String schema) {
        int least = document.schema(schema).get("minLength").asInt();
        int most = document.schema(schema).get("maxLength").asInt();
        assertAnswers(422, member, Webhooks.quoted("a".repeat(least - 1)));
        assertAnswers(202, member, Webhooks.quoted(unique(least)));
        assertAnswers(202, member, Webhooks.quoted(unique(most)));
        assertAnswers(202, member, Webhooks.quoted("😀" + unique(most - 1)));
        assertAnswers(422, member, Webhooks.quoted("a".repeat(most + 1)));
    }

    /** So long, and of characters that no other call gives. */
    private static String unique(int length) {
        String random = new StringBuilder(Webhooks.newId()).reverse().toString().repeat(10);
        return length == 1 ? Character.toString(0x4e00 + (int) (Math.random() * 0x5000)) : random.substring(0, length);
    }

    @ParameterizedTest
    @CsvSource({"transaction_id,TransactionId", "source_account,Account", "destination_account,Account"})
    void characters_are_those_of_the_documented_pattern(String member, String schema) {
        var pattern = Pattern.compile(document.schema(schema).get("pattern").asText());
        Stream<String> texts = Stream.concat(
                IntStream.rangeClosed(0, 0xa0).mapToObj(Character::toString),
                Stream.of(".", "..", "...", "a\u0000b", "\u2028", "\uFEFF", "\uFFFD", "😀", "a\nb"));
        assertAll(texts.map(text -> () -> {
            boolean taken = service.post(webhook(member, Webhooks.quoted(text))).status() != 422;
            assertEquals(pattern.matcher(text).find(), taken, Webhooks.quoted(text));
        }));
    }

    @Test
    void amounts_lie_between_the_documented_bounds() {
        JsonNode amount = document.schema("Amount");
        BigDecimal least = amount.get("exclusiveMinimum").decimalValue();
        BigDecimal most = amount.get("exclusiveMaximum").decimalValue();
        assertAnswers(422, "amount", least.toPlainString());
        assertAnswers(202, "amount", least.add(new BigDecimal("0.01")).toPlainString());
        assertAnswers(202, "amount", most.subtract(new BigDecimal("0.01")).toPlainString());
        assertAnswers(422, "amount", most.toPlainString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"INR", "inr", "IN", "INRR", "I1R", "", "XXX", "XAU"})
    void a_currency_that_breaks_the_documented_pattern_is_refused(String code) {
        boolean fits = code.matches(document.schema("Currency").get("pattern").asText());
        boolean taken = service.post(webhook("currency", Webhooks.quoted(code))).status() == 202;
        assertTrue(fits || !taken, "the pattern would refuse what the service takes");
        assertEquals(code.equals("INR"), taken);
    }

    @Test
    void what_is_required_is_required_and_nothing_else() {
        List<String> required = document.schema("Webhook")
                .get("required")
                .valueStream()
                .map(JsonNode::asText)
                .toList();
        for (String member : required) {
            String body = Webhooks.body(Webhooks.newId()).replace("\"" + member + "\"", "\"other\"");
            assertEquals(422, service.post(body).status(), member);
        }
        assertEquals(202, service.post(Webhooks.body(Webhooks.newId())).status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"listTransactions", "listConflicts"})
    void a_page_is_as_long_as_the_document_says(String operation) {
        JsonNode limit = document.parameters(operation).get("limit").get("schema");
        String path = document.operation(operation).path();
        int least = limit.get("minimum").asInt();
        int most = limit.get("maximum").asInt();
        int usual = limit.get("default").asInt();
        fill(most + 1);
        assertEquals(422, service.get(path + "?limit=" + (least - 1)).status());
        assertEquals(least, entries(path + "?limit=" + least));
        assertEquals(usual, entries(path));
        assertEquals(most, entries(path + "?limit=" + most));
        assertEquals(422, service.get(path + "?limit=" + (most + 1)).status());
    }

    private int entries(String path) {
        return OpenApiDocument.parse(service.get(path).body()).elements().next().size();
    }

    private void fill(int count) {
        String rows = " FROM generate_series(1, " + count + ") AS n";
        new DatabaseTrouble(dataSource)
                .run(
                        "INSERT INTO transactions (transaction_id, source_account, destination_account, amount, currency, due_at)"
                                + " SELECT gen_random_uuid()::text, 'a', 'b', n, 'INR', now()" + rows
                                + "; INSERT INTO conflicts (transaction_id, source_account, destination_account, amount, currency)"
                                + " SELECT n::text, 'a', 'b', n, 'INR'" + rows);
    }

    @Test
    void a_status_is_one_of_the_documented_ones() {
        for (JsonNode status : document.schema("Status").get("enum")) {
            assertEquals(
                    200,
                    service.get("/v1/transactions?status=" + status.asText()).status());
        }
        assertEquals(422, service.get("/v1/transactions?status=DUE").status());
        assertEquals(3, document.schema("Status").get("enum").size());
    }

    @Test
    void a_reason_is_one_of_the_documented_ones() {
        List<String> documented = document.schema("Unmapped")
                .get("enum")
                .valueStream()
                .map(JsonNode::asText)
                .toList();
        assertEquals(Arrays.stream(Unmapped.values()).map(Unmapped::code).toList(), documented);
        String described = document.schema("Unmapped").get("description").asText();
        assertAll(documented.stream().map(reason -> () -> assertTrue(described.contains("`" + reason + "`"), reason)));
    }

    @Test
    void unmapped_is_true_or_not_said() {
        assertEquals(200, service.get("/v1/transactions?unmapped=true").status());
        assertEquals(422, service.get("/v1/transactions?unmapped=false").status());
    }

    @ParameterizedTest
    @CsvSource({
        "listTransactions,source_account",
        "listTransactions,destination_account",
        "listTransactions,type",
        "listTransactions,subject",
        "listConflicts,transaction_id"
    })
    void a_filter_is_as_long_as_the_document_says(String operation, String parameter) {
        JsonNode schema =
                document.resolved(document.parameters(operation).get(parameter).get("schema"));
        String path = document.operation(operation).path() + "?" + parameter + "=";
        int most = schema.get("maxLength").asInt();
        String widest = URLEncoder.encode("😀", StandardCharsets.UTF_8);
        assertEquals(200, service.get(path + widest.repeat(most)).status());
        assertEquals(422, service.get(path + widest.repeat(most + 1)).status());
        assertEquals(422, service.get(path).status());
    }
}
