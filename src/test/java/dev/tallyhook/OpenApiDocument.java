package dev.tallyhook;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** The document as it is served: what it says of each operation, with its references followed. */
final class OpenApiDocument {

    /** Keeps every digit of an amount. */
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    /** The example of an answer that has no body. */
    static final String NOTHING = "nothing";

    private final JsonNode root;
    private final List<Operation> operations = new ArrayList<>();

    OpenApiDocument(String served) {
        root = parse(served);
        for (Map.Entry<String, JsonNode> path : root.get("paths").properties()) {
            for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
                operations.add(new Operation(path.getKey(), method.getKey(), method.getValue()));
            }
        }
    }

    /** One method of one path. */
    record Operation(String path, String method, JsonNode node) {

        String id() {
            return node.get("operationId").asText();
        }
    }

    /** One answer that is documented: an operation, a status, and the name of an example. */
    record Answer(String operation, String status, String example) implements Comparable<Answer> {

        static Answer named(String words) {
            String[] parts = words.split(" ", 3);
            return new Answer(parts[0], parts[1], parts[2]);
        }

        @Override
        public int compareTo(Answer other) {
            return toString().compareTo(other.toString());
        }

        @Override
        public String toString() {
            return operation + " " + status + " " + example;
        }
    }

    static JsonNode parse(String json) {
        try {
            return JSON.readTree(json);
        } catch (IOException notJson) {
            throw new UncheckedIOException(json, notJson);
        }
    }

    /** The paths of all members, whatever their values and however many elements a list has. */
    static Set<String> members(JsonNode body) {
        Set<String> members = new TreeSet<>();
        for (Map.Entry<String, JsonNode> member : body.properties()) {
            members.add(member.getKey());
            members(member.getValue()).forEach(inner -> members.add(member.getKey() + "." + inner));
        }
        if (body.isArray()) {
            body.forEach(element -> members.addAll(members(element)));
        }
        return members;
    }

    /**
     * The same document in OpenAPI 3.0, as far as it says what an answer must be: a validator that knows 3.1 would have to bring another
     * one of JSON Schema.
     */
    static String inOpenApi30(String served) {
        ObjectNode root = (ObjectNode) parse(served);
        root.put("openapi", "3.0.3").remove("webhooks");
        toOpenApi30(root);
        return root.toString();
    }

    private static void toOpenApi30(JsonNode node) {
        if (node instanceof ObjectNode schema) {
            if (schema.path("type").isArray()) {
                schema.put("type", schema.get("type").get(0).asText()).put("nullable", true);
            }
            for (String bound : List.of("Minimum", "Maximum")) {
                if (schema.path("exclusive" + bound).isNumber()) {
                    schema.set(bound.toLowerCase(Locale.ROOT), schema.get("exclusive" + bound));
                    schema.put("exclusive" + bound, true);
                }
            }
        }
        node.forEach(OpenApiDocument::toOpenApi30);
    }

    Operation operation(String id) {
        return operations.stream()
                .filter(operation -> operation.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    List<Operation> operations() {
        return operations;
    }

    SortedSet<Answer> answers() {
        SortedSet<Answer> answers = new TreeSet<>();
        for (Operation operation : operations) {
            for (Map.Entry<String, JsonNode> response :
                    operation.node().get("responses").properties()) {
                JsonNode resolved = resolved(response.getValue());
                if (!resolved.has("content")) {
                    answers.add(new Answer(operation.id(), response.getKey(), NOTHING));
                    continue;
                }
                for (Map.Entry<String, JsonNode> example : examples(resolved).properties()) {
                    answers.add(new Answer(operation.id(), response.getKey(), example.getKey()));
                }
            }
        }
        return answers;
    }

    /** Whether it has a body. */
    boolean hasContent(Answer answer) {
        return response(answer).has("content");
    }

    /** Each status of an operation has one media type, or is of any, and at least one named example. */
    private static JsonNode examples(JsonNode response) {
        JsonNode examples = content(response).getValue().path("examples");
        if (examples.isEmpty()) {
            throw new IllegalStateException("There is no example in " + response);
        }
        return examples;
    }

    private static Map.Entry<String, JsonNode> content(JsonNode body) {
        return body.get("content").properties().iterator().next();
    }

    JsonNode example(Answer answer) {
        return examples(response(answer)).get(answer.example()).get("value");
    }

    String mediaType(Answer answer) {
        return content(response(answer)).getKey();
    }

    /** The names of the headers that the answer must have. */
    List<String> requiredHeaders(Answer answer) {
        List<String> required = new ArrayList<>();
        for (Map.Entry<String, JsonNode> header :
                response(answer).path("headers").properties()) {
            if (resolved(header.getValue()).path("required").asBoolean()) {
                required.add(header.getKey());
            }
        }
        return required;
    }

    private JsonNode response(Answer answer) {
        return resolved(operation(answer.operation()).node().get("responses").get(answer.status()));
    }

    /** The parameters of an operation, by their names. */
    Map<String, JsonNode> parameters(String operation) {
        Map<String, JsonNode> parameters = new LinkedHashMap<>();
        for (JsonNode parameter : operation(operation).node().path("parameters")) {
            JsonNode resolved = resolved(parameter);
            parameters.put(resolved.get("name").asText(), resolved);
        }
        return parameters;
    }

    /** The bodies that are documented for a request, as they are to be sent. */
    Map<String, String> requestBodies(String operation) {
        Map<String, String> bodies = new LinkedHashMap<>();
        JsonNode content =
                content(operation(operation).node().get("requestBody")).getValue();
        for (Map.Entry<String, JsonNode> example : content.get("examples").properties()) {
            bodies.put(example.getKey(), example.getValue().get("value").toString());
        }
        return bodies;
    }

    JsonNode schema(String name) {
        return root.at("/components/schemas/" + name);
    }

    JsonNode resolved(JsonNode node) {
        String reference = node.path("$ref").asText();
        return reference.isEmpty() ? node : resolved(root.at(reference.substring(1)));
    }

    JsonNode root() {
        return root;
    }
}
