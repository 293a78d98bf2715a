package dev.tallyhook.source.scheme;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Reads the items of a call of Adyen's, before anybody knows whether they are signed: from the first byte to the last, and keeps
 * nothing but what may be signed. Everything else may be as it will, because a signature does not say what it is: long numbers, and
 * members that come twice.
 */
final class AdyenItems {

    /** Each level of nesting costs a stranger one byte, and this reader fifty. No number is made of digits, however many they are. */
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(1_000)
                    .maxNumberLength(Integer.MAX_VALUE)
                    .maxNameLength(Integer.MAX_VALUE)
                    .build())
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
            .build();

    private static final String ITEMS = "notificationItems";
    private static final String ITEM = "NotificationRequestItem";
    private static final String AMOUNT = "amount";
    private static final String ADDITIONAL = "additionalData";
    private static final String SIGNATURE = "hmacSignature";

    private static final Set<String> OF_ITEM = Set.of(
            "pspReference",
            "originalReference",
            "merchantAccountCode",
            "merchantReference",
            AMOUNT,
            "eventCode",
            "success",
            ADDITIONAL);

    private static final Set<String> OF_AMOUNT = Set.of("value", "currency");

    private final JsonParser json;
    private final Set<AdyenItem> items = new LinkedHashSet<>();
    private boolean isPlain = true;

    private AdyenItems(JsonParser json) {
        this.json = json;
    }

    /** Each once, in their order. None if it is no call, or one of which nobody knows which items are meant. */
    static Set<AdyenItem> read(byte[] body) {
        try (JsonParser parser = JSON.createParser(body)) {
            var call = new AdyenItems(parser);
            return call.readCall() && call.isPlain ? call.items : Set.of();
        } catch (IOException notJson) {
            return Set.of();
        }
    }

    private boolean readCall() throws IOException {
        json.nextToken();
        boolean isObject = json.currentToken() == JsonToken.START_OBJECT;
        readMembers(Set.of(ITEMS), () -> isPlain = false, name -> readItems());
        return isObject && json.nextToken() == null;
    }

    private void readItems() throws IOException {
        if (json.currentToken() == JsonToken.START_ARRAY) {
            while (json.nextToken() != JsonToken.END_ARRAY) {
                var draft = new AdyenItem.Draft();
                readMembers(Set.of(ITEM), draft::twice, name -> readItem(draft));
                json.skipChildren();
                items.add(draft.item());
            }
        }
    }

    private void readItem(AdyenItem.Draft draft) throws IOException {
        readMembers(OF_ITEM, draft::twice, name -> {
            switch (name) {
                case AMOUNT ->
                    readMembers(OF_AMOUNT, draft::twice, part -> draft.field(AMOUNT + "." + part, readText()));
                case ADDITIONAL -> readMembers(Set.of(SIGNATURE), draft::twice, part -> draft.signature(readText()));
                default -> draft.field(name, readText());
            }
        });
    }

    /** What is done with a member; the current token is the first of its value. */
    private interface Member {
        void read(String name) throws IOException;
    }

    /** Of the object that begins here, those that are wanted. Of something else, nothing. */
    private void readMembers(Set<String> wanted, Runnable twice, Member member) throws IOException {
        if (json.currentToken() != JsonToken.START_OBJECT) {
            return;
        }
        Set<String> seen = new HashSet<>();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            if (wanted.contains(name)) {
                if (!seen.add(name)) {
                    twice.run();
                }
                member.read(name);
            }
            json.skipChildren(); // Nothing is left if it was read, or if it has none.
        }
    }

    /** A string, or a number as it is written; empty for everything else. */
    private String readText() throws IOException {
        return switch (json.currentToken()) {
            case VALUE_STRING, VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> json.getText();
            default -> "";
        };
    }
}
