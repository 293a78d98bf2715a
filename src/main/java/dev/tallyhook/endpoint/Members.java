package dev.tallyhook.endpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.tallyhook.problem.Violation;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The members of a JSON object, each read as what it must be; what it is not is a violation. One that is null is one that is not there. */
final class Members {

    /** More than there are members: a flood of unknown ones need not all be answered. */
    private static final int VIOLATIONS_MAX = 20;

    private static final int NAME_LENGTH_MAX = 40;

    private final JsonNode object;
    private final List<Violation> violations = new ArrayList<>();

    Members(JsonNode object) {
        this.object = object;
    }

    /** Refuses every other member: one with a slip in its name would otherwise be a filter that lets all through. */
    void allow(List<String> known) {
        for (var member : object.properties()) {
            if (!known.contains(member.getKey())) {
                violate(nameable(member.getKey()), "is none of " + String.join(", ", known));
            }
        }
    }

    /** A name comes back in the answer, so it is cut to what a name can be. */
    private static String nameable(String name) {
        String plain = name.replaceAll("[^A-Za-z0-9_.-]", "?");
        return plain.length() > NAME_LENGTH_MAX ? plain.substring(0, NAME_LENGTH_MAX) : plain;
    }

    boolean has(String name) {
        return object.has(name);
    }

    private @Nullable JsonNode given(String name) {
        JsonNode member = object.get(name);
        return member == null || member.isNull() ? null : member;
    }

    @Nullable
    String text(String name) {
        JsonNode member = given(name);
        if (member != null && !member.isTextual()) {
            violate(name, "must be a string");
            return null;
        }
        return member == null ? null : member.asText();
    }

    @Nullable
    List<String> texts(String name) {
        JsonNode member = given(name);
        if (member == null) {
            return null;
        }
        if (!member.isArray() || !member.valueStream().allMatch(JsonNode::isTextual)) {
            violate(name, "must be a list of strings");
            return null;
        }
        return member.valueStream().map(JsonNode::asText).toList();
    }

    @Nullable
    BigDecimal number(String name) {
        JsonNode member = given(name);
        if (member != null && !member.isNumber()) {
            violate(name, "must be a JSON number, not a string or another type");
            return null;
        }
        return member == null ? null : member.decimalValue();
    }

    /** Says what is wrong with a member, unless that is said already. */
    void violateOnce(String name, String detail) {
        if (violations.stream().noneMatch(known -> known.field().equals(name))) {
            violate(name, detail);
        }
    }

    void violate(String name, String detail) {
        violations.add(new Violation(name, detail));
    }

    /** Those that were found, and of those that are given the ones of other members. */
    List<Violation> violations(List<Violation> more) {
        List<Violation> all = new ArrayList<>(violations);
        more.stream()
                .filter(violation ->
                        violations.stream().noneMatch(known -> known.field().equals(violation.field())))
                .forEach(all::add);
        return all.subList(0, Math.min(all.size(), VIOLATIONS_MAX));
    }
}
