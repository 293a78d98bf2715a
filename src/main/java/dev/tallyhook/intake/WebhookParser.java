package dev.tallyhook.intake;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.problem.Violation;
import dev.tallyhook.transaction.Identifier;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads a webhook's body and holds every rule against it, once, at the edge. What cannot be read as a JSON object
 * (RFC 8259) is a 400; an object whose members break rules is a 422 that names them all. Members that it does not know
 * are ignored, because senders add some. No message repeats a value.
 */
@Singleton
final class WebhookParser {

    /** Digits before the decimal point of an amount. */
    static final int INTEGER_DIGITS_MAX = 18;

    private static final String TRANSACTION_ID = "transaction_id";
    private static final String SOURCE_ACCOUNT = "source_account";
    private static final String DESTINATION_ACCOUNT = "destination_account";
    private static final String AMOUNT = "amount";
    private static final String CURRENCY = "currency";

    /** The only names that an answer may repeat: another one could hold anything. */
    private static final Set<String> MEMBERS =
            Set.of(TRANSACTION_ID, SOURCE_ACCOUNT, DESTINATION_ACCOUNT, AMOUNT, CURRENCY);

    private static final char BYTE_ORDER_MARK = '\uFEFF';

    /** What a lenient decoder puts in the place of bytes that are not UTF-8. */
    private static final char REPLACEMENT = '\uFFFD';

    private final JsonFactory json;
    private final String limits;

    @Inject
    WebhookParser(IntakeConfig config) {
        this(config.jsonDepthMax(), config.jsonNumberLengthMax());
    }

    /**
     * Keeps to these limits, for ignored members too.
     *
     * @param depthMax levels of arrays and objects
     * @param numberLengthMax characters of a number
     */
    WebhookParser(int depthMax, int numberLengthMax) {
        limits = "The body must nest at most " + depthMax + " levels and have no number longer than " + numberLengthMax
                + " characters and no name longer than " + StreamReadConstraints.DEFAULT_MAX_NAME_LEN;
        json = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(depthMax)
                        .maxNumberLength(numberLengthMax)
                        .build())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .build();
    }

    /**
     * Reads one body.
     *
     * @throws ProblemException 400 if it is not a JSON object, 422 if members break rules
     */
    Webhook parse(byte[] body) {
        String text = decode(body);
        try (JsonParser tokens = json.createParser(text)) {
            try {
                return new Reading(tokens).readObject();
            } catch (JsonProcessingException malformed) {
                throw ProblemException.badRequest(explain(malformed, tokens));
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException("A string cannot fail to be read", impossible);
        }
    }

    /** Decodes strictly: JSON is UTF-8 and nothing else (RFC 8259 section 8.1), but a byte order mark is forgiven. */
    private static String decode(byte[] body) {
        String text = new String(body, StandardCharsets.UTF_8);
        // Only a text with a replacement character can have been malformed, and only then is the strict decoder's price
        // paid.
        if (text.indexOf(REPLACEMENT) >= 0) {
            requireUtf8(body);
        }
        return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text;
    }

    private static void requireUtf8(byte[] body) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body));
        } catch (CharacterCodingException notUtf8) {
            throw ProblemException.badRequest("The body is not valid UTF-8");
        }
    }

    /** Says where the body stops being JSON, in words of our own: the parser's would quote it. */
    private String explain(JsonProcessingException malformed, JsonParser tokens) {
        String member = tokens.getParsingContext().getCurrentName();
        String where = member != null && tokens.getParsingContext().getParent() != null && MEMBERS.contains(member)
                ? " in member " + member
                : "";
        var location = malformed.getLocation();
        String position =
                location == null ? "" : " at line " + location.getLineNr() + ", column " + location.getColumnNr();
        if (malformed instanceof StreamConstraintsException) {
            return limits + where;
        }
        if (String.valueOf(malformed.getOriginalMessage()).startsWith("Duplicate")) {
            return "The body must have no member twice" + where + position;
        }
        return "The body is not valid JSON" + where + position;
    }

    /** One body on its way to a webhook. */
    private static final class Reading {

        private final JsonParser tokens;
        private @Nullable String transactionId;
        private @Nullable String sourceAccount;
        private @Nullable String destinationAccount;
        private @Nullable BigDecimal amount;
        private @Nullable String currency;

        private final Set<String> seen = new HashSet<>();
        private final List<Violation> violations = new ArrayList<>();

        Reading(JsonParser tokens) {
            this.tokens = tokens;
        }

        Webhook readObject() throws IOException {
            if (tokens.nextToken() != JsonToken.START_OBJECT) {
                throw ProblemException.badRequest("The body must be a JSON object");
            }
            while (tokens.nextToken() != JsonToken.END_OBJECT) {
                String member = tokens.currentName();
                tokens.nextToken();
                seen.add(member);
                readMember(member);
                tokens.skipChildren();
            }
            if (tokens.nextToken() != null) {
                throw ProblemException.badRequest("The body must be one JSON object and nothing after it");
            }
            return webhook();
        }

        private void readMember(String member) throws IOException {
            switch (member) {
                case TRANSACTION_ID -> transactionId = readString(member, Identifier::violationAsId);
                case SOURCE_ACCOUNT -> sourceAccount = readString(member, Identifier::violation);
                case DESTINATION_ACCOUNT -> destinationAccount = readString(member, Identifier::violation);
                case AMOUNT -> amount = readAmount();
                case CURRENCY -> currency = readString(member, Reading::currencyViolation);
                default -> {} // Senders add members; the caller skips what is in them.
            }
        }

        private @Nullable String readString(String member, Function<String, @Nullable String> rule) throws IOException {
            if (tokens.currentToken() != JsonToken.VALUE_STRING) {
                violations.add(new Violation(member, "must be a string"));
                return null;
            }
            String value = tokens.getText();
            String violation = rule.apply(value);
            if (violation != null) {
                violations.add(new Violation(member, violation));
                return null;
            }
            return value;
        }

        private static @Nullable String currencyViolation(String code) {
            return Currencies.minorUnits(code) == null
                    ? "must be an ISO 4217 alphabetic code in use, such as INR"
                    : null;
        }

        private @Nullable BigDecimal readAmount() throws IOException {
            if (!tokens.currentToken().isNumeric()) {
                violations.add(new Violation(AMOUNT, "must be a JSON number, not a string or another type"));
                return null;
            }
            try {
                return new BigDecimal(tokens.getText());
            } catch (NumberFormatException exponentBeyondInt) {
                violations.add(new Violation(AMOUNT, "must be written with a smaller exponent"));
                return null;
            }
        }

        private Webhook webhook() {
            for (String member : List.of(TRANSACTION_ID, SOURCE_ACCOUNT, DESTINATION_ACCOUNT, AMOUNT, CURRENCY)) {
                if (!seen.contains(member)) {
                    violations.add(new Violation(member, "is required"));
                }
            }
            if (amount != null) {
                amount = exact(amount, currency);
            }
            if (!violations.isEmpty()) {
                throw ProblemException.unprocessable(violations);
            }
            return new Webhook(
                    requireNonNull(transactionId),
                    requireNonNull(sourceAccount),
                    requireNonNull(destinationAccount),
                    requireNonNull(amount),
                    requireNonNull(currency));
        }

        /**
         * The amount as it is kept: never rounded, with the decimals that the sender wrote as far as the currency has them,
         * so that 1500.50 INR stays 1500.50, and 100.0 JPY, as senders write it that hold amounts as floats, is 100. The
         * order of the checks keeps every later step cheap for any exponent.
         */
        private @Nullable BigDecimal exact(BigDecimal value, @Nullable String code) {
            if (value.signum() <= 0) {
                return amountViolation("must be greater than 0");
            }
            if ((long) value.precision() - value.scale() > INTEGER_DIGITS_MAX) {
                return amountViolation("must have at most 18 digits before the decimal point");
            }
            Integer minorUnits = code == null ? null : Currencies.minorUnits(code);
            if (minorUnits == null) {
                return null; // The currency's own violation was noted.
            }
            if (value.stripTrailingZeros().scale() > minorUnits) {
                return amountViolation(
                        minorUnits == 0
                                ? "must have no decimals in " + code
                                : "must have at most " + minorUnits + " decimals in " + code);
            }
            return value.setScale(Math.max(0, Math.min(value.scale(), minorUnits)));
        }

        private @Nullable BigDecimal amountViolation(String detail) {
            violations.add(new Violation(AMOUNT, detail));
            return null;
        }
    }
}
