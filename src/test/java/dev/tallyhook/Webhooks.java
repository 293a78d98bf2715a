package dev.tallyhook;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** Bodies as senders write them, and the paths to ask for them. */
public final class Webhooks {

    public static final String PATH = "/v1/webhooks/transactions";

    private Webhooks() {}

    public static String newId() {
        return "txn_" + UUID.randomUUID();
    }

    public static String body(String transactionId) {
        return body(transactionId, "1500.50", "INR");
    }

    /** {@code amount} goes in as it is written. */
    public static String body(String transactionId, String amount, String currency) {
        return """
                {"transaction_id":%s,"source_account":"acc_user_789","destination_account":"acc_merchant_456","amount":%s,"currency":"%s"}""".formatted(quoted(transactionId), amount, currency);
    }

    /** A JSON string whose every character is escaped, so that any text can be sent, halves of characters included. */
    public static String quoted(String text) {
        var json = new StringBuilder("\"");
        text.chars().forEach(unit -> json.append("\\u%04x".formatted(unit)));
        return json.append('"').toString();
    }

    public static String transactionPath(String transactionId) {
        return "/v1/transactions/"
                + URLEncoder.encode(transactionId, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
