package dev.tallyhook.intake;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.tallyhook.problem.ProblemException;
import dev.tallyhook.problem.Violation;
import dev.tallyhook.transaction.Identifier;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One JSON object on its way to a webhook: every rule is held against its members, and all that are broken are named. */
final class WebhookReading {

    /** Digits before the decimal point of an amount. */
    private static final int INTEGER_DIGITS_MAX = 18;

    private static final String TRANSACTION_ID = "transaction_id";
    private static final String SOURCE_ACCOUNT = "source_account";
    private static final String DESTINATION_ACCOUNT = "destination_account";
    private static final String AMOUNT = "amount";
    private static final String CURRENCY = "currency";

    /** All that a webhook has. */
    static final List<String> MEMBERS = List.of(TRANSACTION_ID, SOURCE_ACCOUNT, DESTINATION_ACCOUNT, AMOUNT, CURRENCY);

    private final JsonParser tokens;
    private @Nullable String transactionId;
    private @Nullable String sourceAccount;
    private @Nullable String destinationAccount;
    private @Nullable BigDecimal amount;
    private @Nullable String currency;

    private final Set<String> seen = new HashSet<>();
    private final List<Violation> violations = new ArrayList<>();

    WebhookReading(JsonParser tokens) {
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
            case CURRENCY -> currency = readString(member, WebhookReading::currencyViolation);
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
        return Currencies.minorUnits(code) == null ? "must be an ISO 4217 alphabetic code in use, such as INR" : null;
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
        for (String member : MEMBERS) {
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
