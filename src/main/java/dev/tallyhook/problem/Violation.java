package dev.tallyhook.problem;

import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * One rule that one field of a request breaks.
 *
 * @param field the member of the request body, as the sender wrote it
 * @param detail what would be right, without repeating the sender's value
 */
@RegisterForReflection
public record Violation(String field, String detail) {}
