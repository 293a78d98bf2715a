package dev.tallyhook.source.scheme;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Reads the items of a call of Adyen's, before anybody knows whether they are signed, and keeps nothing but what may be signed. Each is
 * judged as soon as it is read, and the first one that is no good ends the reading, so that nothing is made of the rest. Everything else
 * may be as it will, because a signature does not say what it is: long numbers, and members that come twice.
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

    /** What ends the reading. */
    private static final class NoGood extends IOException {

        private static final long serialVersionUID = 1;
    }

    private final JsonParser json;
    private final Predicate<AdyenItem> isGood;

    /** Only good ones: strangers can write as many items as they like that have one hash code, and a set would compare each with all. */
    private final Set<AdyenItem> items = new LinkedHashSet<>();

    private boolean isPlain = true;

    private AdyenItems(JsonParser json, Predicate<AdyenItem> isGood) {
        this.json = json;
        this.isGood = isGood;
    }

    /**
     * Each once, in their order. None if it is no call, or one of which nobody knows which items are meant, or if one of them is no good.
     *
     * @param isGood is asked for each item when it has been read, and not again after it has said no
     */
    static Set<AdyenItem> read(byte[] body, Predicate<AdyenItem> isGood) {
        try (JsonParser parser = JSON.createParser(body)) {
            var call = new AdyenItems(parser, isGood);
            return call.readCall() && call.isPlain ? call.items : Set.of();
        } catch (IOException notJsonOrNoGood) {
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
                if (json.currentToken() != JsonToken.START_OBJECT) {
                    throw new NoGood();
                }
                var draft = new AdyenItem.Draft();
                readMembers(Set.of(ITEM), draft::twice, name -> readItem(draft));
                AdyenItem item = draft.item();
                if (!isGood.test(item)) {
                    throw new NoGood();
                }
                items.add(item);
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
