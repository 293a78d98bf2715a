package dev.tallyhook.keeping;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import dev.tallyhook.transaction.RawRequest;
import java.io.IOException;
import java.math.BigDecimal;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A line of the archive that is read again.
 *
 * @param whole the line itself
 */
record ArchivedLine(String whole, JsonNode values) {

    /** Amounts keep every digit, and zeros at their end. */
    static ArchivedLine read(ObjectMapper json, String line) throws IOException {
        return new ArchivedLine(
                line,
                json.reader()
                        .with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                        .without(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                        .readTree(line));
    }

    String transactionId() {
        return values.path("transaction_id").asText();
    }

    /** Whether one of its accounts is that. */
    boolean isOf(String account) {
        return account.equals(text("source_account")) || account.equals(text("destination_account"));
    }

    @Nullable
    String text(String name) {
        JsonNode value = values.path(name);
        return value.isTextual() ? value.asText() : null;
    }

    @Nullable
    BigDecimal amount() {
        JsonNode amount = values.path("amount");
        return amount.isNumber() ? amount.decimalValue() : null;
    }

    @Nullable
    OffsetDateTime time(String name) {
        String text = text(name);
        return text == null ? null : OffsetDateTime.parse(text);
    }

    /** Names the request that brought it. */
    Optional<String> request() {
        return Optional.ofNullable(text("request"));
    }

    /** Of the pack that its request stands in; nothing if it has none, or it is of before V012. */
    Optional<Long> pack() {
        return part(0).map(Long::valueOf);
    }

    /** Its place in that. */
    Optional<Integer> place() {
        return part(1).map(Integer::valueOf);
    }

    private Optional<String> part(int number) {
        return request()
                .filter(request -> request.matches("\\d{1,19}/\\d{1,5}"))
                .map(request -> request.split("/", -1)[number]);
    }

    /** The request itself, if this is the line that has it. */
    Optional<RawRequest> raw() throws IOException {
        JsonNode raw = values.path("raw");
        if (!raw.isObject()) {
            return Optional.empty();
        }
        SortedMap<String, String> headers = new TreeMap<>();
        raw.path("headers")
                .properties()
                .forEach(
                        header -> headers.put(header.getKey(), header.getValue().asText()));
        return Optional.of(RawRequest.of(
                headers, Base64.getDecoder().decode(raw.path("body").asText())));
    }
}
