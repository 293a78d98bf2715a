package dev.tallyhook;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.atlassian.oai.validator.OpenApiInteractionValidator;
import com.atlassian.oai.validator.model.SimpleResponse;
import com.atlassian.oai.validator.report.ValidationReport;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.tallyhook.DocumentedService.Exchange;
import dev.tallyhook.OpenApiDocument.Answer;
import dev.tallyhook.OpenApiDocument.Operation;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Holds the service against its document and the document against the service, example by example. */
@QuarkusTest
@TestProfile(DocumentedService.Profile.class)
class OpenApiTest {

    private static final Path HOSTILE_BODIES =
            Path.of("src/test/resources/dev/tallyhook/intake/WebhookFuzzTestInputs/a_body_is_taken_or_refused");

    /** Members whose values are of the moment; in all others an answer is its example. */
    private static final List<String> VARYING = List.of(
            "created_at",
            "processed_at",
            "received_at",
            "last_received_at",
            "current_time",
            "next_cursor",
            "conflict_id",
            "at",
            "by",
            "endpoint_id",
            "changed_at",
            "secret",
            "hint",
            "first_failed_at",
            "last_failed_at",
            "dead_letter_id",
            "replay_id",
            "done_at");

    /** Of an endpoint: counted now and then, and null before. */
    private static final List<String> COUNTED = List.of("waiting", "dead_letters");

    /** Answers that are all figures of the moment. */
    private static final Set<Answer> MEASURED =
            Set.of(Answer.named("getActivity 200 busy"), Answer.named("listSources 200 one"));

    @TestHTTPResource
    URI root;

    @Inject
    DataSource dataSource;

    private DocumentedService service;
    private DatabaseTrouble trouble;
    private OpenApiDocument document;
    private OpenApiInteractionValidator validator;

    @BeforeEach
    void readTheDocument() {
        service = new DocumentedService(root);
        trouble = new DatabaseTrouble(dataSource);
        String served = service.getWithoutToken("/openapi.json").body();
        document = new OpenApiDocument(served);
        validator = OpenApiInteractionValidator.createForInlineApiSpecification(OpenApiDocument.inOpenApi30(served))
                .build();
    }

    /** Rows whose numbers the document's examples name would stand where those of other tests are to be written. */
    @AfterEach
    void leaveNothing() {
        empty();
    }

    @Test
    void it_is_served_as_it_was_written() {
        assertEquals("3.1.1", document.root().get("openapi").asText());
        assertEquals("Tallyhook API", document.root().at("/info/title").asText());
        assertEquals(
                "null",
                document.root()
                        .at("/components/schemas/Transaction/properties/processed_at/type/1")
                        .asText());
    }

    /** Swagger UI reads the document as JavaScript's numbers, and fills the body that is tried with them. */
    @Test
    void no_amount_of_an_example_loses_a_digit_in_a_browser() {
        String served = service.getWithoutToken("/openapi.json").body();
        Matcher amounts = Pattern.compile("\"amount\":([0-9.]+)").matcher(served);
        int found = 0;
        for (; amounts.find(); found++) {
            String amount = amounts.group(1);
            String shown = new BigDecimal(Double.toString(Double.parseDouble(amount)))
                    .stripTrailingZeros()
                    .toPlainString();
            assertEquals(amount, shown);
        }
        assertTrue(found > 5, served);
    }

    @Test
    void every_answer_is_provoked_here_or_seen_elsewhere() throws ClassNotFoundException {
        Map<Answer, ?> here = new Provocations(document, service, trouble).all();
        var covered = new TreeSet<>(here.keySet());
        covered.addAll(Provocations.ELSEWHERE.keySet());
        var answers = new TreeSet<>(document.answers());
        assertEquals(answers, covered);
        assertEquals(covered.size(), here.size() + Provocations.ELSEWHERE.size(), "in one of the two places");
        for (String test : Provocations.ELSEWHERE.values()) {
            Class.forName(test);
        }
    }

    @TestFactory
    Stream<DynamicTest> an_answer_is_what_is_documented() {
        return new Provocations(document, service, trouble)
                .all().entrySet().stream()
                        .map(provocation ->
                                DynamicTest.dynamicTest(provocation.getKey().toString(), () -> {
                                    empty();
                                    assertDocumented(
                                            provocation.getKey(),
                                            provocation.getValue().get());
                                }));
    }

    private void assertDocumented(Answer answer, Exchange exchange) {
        assertEquals(answer.status(), Integer.toString(exchange.status()), exchange.body());
        assertValidResponse(exchange);
        if (!document.hasContent(answer)) {
            assertEquals("", exchange.body());
            return;
        }
        String type = document.mediaType(answer);
        assertEquals(
                // Where any may come, that of the example, which is JSON.
                type.equals("*/*") ? "application/json" : type,
                exchange.answer()
                        .headers()
                        .firstValue("Content-Type")
                        .orElse("")
                        .split(";", 2)[0]);
        for (String header : document.requiredHeaders(answer)) {
            assertTrue(exchange.answer().headers().firstValue(header).isPresent(), header);
        }
        JsonNode documented = document.example(answer);
        JsonNode came = OpenApiDocument.parse(exchange.body());
        if (MEASURED.contains(answer)) {
            assertEquals(OpenApiDocument.members(documented), OpenApiDocument.members(came));
        } else {
            assertEquals(withoutWhatVaries(documented), withoutWhatVaries(came));
        }
    }

    private void assertValidResponse(Exchange exchange) {
        ValidationReport report = validator.validateResponse(exchange.path(), exchange.method(), exchange.toResponse());
        assertFalse(report.hasErrors(), () -> exchange.body() + report.getMessages());
    }

    /** The same with a star for each time and the like, so that what is left can be compared as it stands. */
    private static JsonNode withoutWhatVaries(JsonNode body) {
        for (String member : VARYING) {
            for (JsonNode parent : body.findParents(member)) {
                if (!parent.get(member).isNull()) {
                    ((ObjectNode) parent).put(member, "*");
                }
            }
        }
        for (String member : COUNTED) {
            body.findParents(member).forEach(parent -> ((ObjectNode) parent).put(member, "*"));
        }
        return body;
    }

    @TestFactory
    Stream<DynamicTest> a_documented_webhook_is_accepted_and_comes_back() {
        return document.requestBodies("receiveWebhook").entrySet().stream()
                .map(example -> DynamicTest.dynamicTest(example.getKey(), () -> {
                    empty();
                    Exchange accepted = service.post(example.getValue());
                    assertEquals(202, accepted.status(), accepted.body());
                    assertValid(accepted);
                    Exchange stored = service.get(
                            accepted.answer().headers().firstValue("Location").orElseThrow());
                    assertValid(stored);
                    JsonNode sent = OpenApiDocument.parse(example.getValue());
                    JsonNode came = OpenApiDocument.parse(stored.body());
                    assertAll(document.schema("Webhook")
                            .get("required")
                            .valueStream()
                            .map(name -> () -> assertEquals(sent.get(name.asText()), came.get(name.asText()))));
                }));
    }

    private void assertValid(Exchange exchange) {
        ValidationReport report = validator.validate(exchange.sent(), exchange.toResponse());
        assertFalse(report.hasErrors(), () -> exchange.body() + report.getMessages());
    }

    /** Each alone, and all together, as a page sends them that fills them in. */
    @TestFactory
    Stream<DynamicTest> documented_parameters_are_taken() {
        return document.operations().stream()
                .filter(operation -> operation.method().equals("get"))
                .flatMap(operation -> {
                    var examples = document.parameters(operation.id()).values().stream()
                            .filter(parameter -> parameter.has("example"))
                            .toList();
                    return Stream.concat(examples.stream().map(List::of), Stream.of(examples))
                            .filter(parameters -> !parameters.isEmpty())
                            .map(parameters -> DynamicTest.dynamicTest(
                                    operation.id() + " " + parameters.size(),
                                    () -> assertTaken(operation, parameters)));
                });
    }

    private void assertTaken(Operation operation, List<JsonNode> parameters) {
        empty();
        service.post(document.requestBodies("receiveWebhook").get("usual"));
        service.postEvent(document.requestBodies("receiveEvent").get("payment"));
        trouble.run("INSERT INTO endpoints (endpoint_id, url, events, signature, sealed_secrets) VALUES ('"
                + document.schema("EndpointId").get("example").asText()
                + "', 'https://example.com/', '{transaction.processed}', 'v1', '')");
        trouble.run("INSERT INTO replays (replay_id, endpoint_id, what, since, until, reached, state, done_at, by)"
                + " OVERRIDING SYSTEM VALUE SELECT 17, endpoint_id, 'SINCE', now(), now(), now(), 'DONE', now(), 'anyone'"
                + " FROM endpoints");
        String path = operation.path();
        var query = new StringJoiner("&", "?", "").setEmptyValue("");
        for (JsonNode parameter : document.parameters(operation.id()).values()) {
            String name = parameter.get("name").asText();
            if (parameter.get("in").asText().equals("path")) {
                path = path.replace("{" + name + "}", encodedExample(parameter));
            } else if (parameters.contains(parameter)) {
                query.add(name + "=" + encodedExample(parameter));
            }
        }
        String token = operation.id().equals("getRawEvent") ? DocumentedService.RAW_TOKEN : DocumentedService.TOKEN;
        Exchange answer = service.get(path + query, token);
        assertEquals(200, answer.status(), answer.body());
        assertValid(answer);
    }

    private static String encodedExample(JsonNode parameter) {
        return URLEncoder.encode(parameter.get("example").asText(), StandardCharsets.UTF_8);
    }

    @TestFactory
    Stream<DynamicTest> a_documented_event_is_taken_and_comes_back_by_each_of_its_filters() {
        return document.requestBodies("receiveEvent").entrySet().stream()
                .map(example -> DynamicTest.dynamicTest(example.getKey(), () -> {
                    empty();
                    Exchange taken = service.postEvent(example.getValue());
                    assertEquals(200, taken.status(), taken.body());
                    assertValid(taken);
                    String id = "shop:"
                            + OpenApiDocument.parse(example.getValue())
                                    .get("id")
                                    .asText();
                    JsonNode stored = OpenApiDocument.parse(
                            service.get(Webhooks.transactionPath(id)).body());
                    for (String filter : List.of("source", "type", "subject")) {
                        String query = "/v1/transactions?" + filter + "="
                                + stored.get(filter).asText();
                        Exchange list = service.get(query);
                        assertValid(list);
                        assertEquals(
                                List.of(id),
                                OpenApiDocument.parse(list.body()).findValuesAsText("transaction_id"),
                                query);
                    }
                    Exchange unmapped = service.get("/v1/transactions?unmapped=true");
                    assertValid(unmapped);
                    assertEquals(stored.has("unmapped"), unmapped.body().contains(id), unmapped.body());
                }));
    }

    @Test
    void a_conflict_of_an_event_is_answered_as_documented() {
        empty();
        String event = document.requestBodies("receiveEvent").get("payment");
        service.postEvent(event);
        service.postEvent(event.replace("1099", "9901"));
        Exchange conflicts = service.get("/v1/conflicts");
        assertValid(conflicts);
        assertEquals(
                "shop",
                OpenApiDocument.parse(conflicts.body())
                        .at("/conflicts/0/stored/source")
                        .asText());
    }

    /** RFC 9110 section 15.5.6: who is answered 405 is told what is allowed. */
    @Test
    void other_methods_than_the_documented_ones_are_answered_with_those() {
        Map<String, Set<String>> documented = new TreeMap<>();
        for (var operation : document.operations()) {
            Set<String> methods = documented.computeIfAbsent(
                    operation.path().replaceAll("\\{source}", "shop").replaceAll("\\{\\w+}", "some-id"),
                    path -> new TreeSet<>(Set.of("OPTIONS")));
            methods.add(operation.method().toUpperCase(Locale.ROOT));
            if (methods.contains("GET")) {
                methods.add("HEAD");
            }
        }
        documented.forEach((path, methods) -> {
            for (String method : List.of("GET", "POST", "PUT", "PATCH", "DELETE")) {
                if (!methods.contains(method)) {
                    Exchange answered =
                            service.command(method, path, DocumentedService.WRITE_TOKEN, "application/json", "{}");
                    String asked = method + " " + path;
                    assertEquals(405, answered.status(), asked);
                    assertEquals(
                            String.join(", ", methods),
                            answered.answer().headers().firstValue("Allow").orElse(""),
                            asked);
                }
            }
        });
    }

    @Test
    void a_replay_says_so_in_the_documented_header() {
        String body = Webhooks.body(Webhooks.newId());
        assertTrue(service.post(body)
                .answer()
                .headers()
                .firstValue("Idempotent-Replayed")
                .isEmpty());
        Exchange replay = service.post(body);
        assertEquals(
                "true",
                replay.answer().headers().firstValue("Idempotent-Replayed").orElse(""));
        assertValid(replay);
    }

    @Test
    void a_replay_of_an_event_says_so_too() {
        empty();
        String event = document.requestBodies("receiveEvent").get("payment");
        service.postEvent(event);
        Exchange replay = service.postEvent(event);
        assertEquals(
                "true",
                replay.answer().headers().firstValue("Idempotent-Replayed").orElse(""));
        assertValid(replay);
    }

    /** Whatever is sent, and however wrong it is, the answer is one of the documented ones. */
    @Test
    void hostile_bodies_are_answered_as_documented() throws IOException {
        try (Stream<Path> bodies = Files.list(HOSTILE_BODIES)) {
            assertAll(bodies.sorted().map(body -> () -> assertValidResponse(service.post(Files.readAllBytes(body)))));
        }
    }

    @Test
    void what_the_document_does_not_know_would_be_found() {
        Exchange found = service.getWithoutToken("/");
        var unknownMember = SimpleResponse.Builder.status(200)
                .withContentType("application/json")
                .withBody(found.body().replace("{", "{\"more\":1,"))
                .build();
        var unknownStatus = SimpleResponse.Builder.status(418).build();
        for (var wrong : List.of(unknownMember, unknownStatus)) {
            assertTrue(validator.validateResponse("/", found.method(), wrong).hasErrors());
        }
    }

    private void empty() {
        trouble.run("DELETE FROM transactions; DELETE FROM requests; DELETE FROM conflicts; DELETE FROM holds;"
                + " DELETE FROM endpoints; DELETE FROM attempts; DELETE FROM dead_letters; DELETE FROM replays;"
                + " DELETE FROM deliveries");
    }
}
