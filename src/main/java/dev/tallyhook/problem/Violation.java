package dev.tallyhook.problem;

/**
 * One rule that one field of a request breaks.
 *
 * @param field the member of the request body, as the sender wrote it
 * @param detail what would be right, without repeating the sender's value
 */
public record Violation(String field, String detail) {}
