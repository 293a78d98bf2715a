package dev.tallyhook.source;

/**
 * What a sender takes for success.
 *
 * @param status of HTTP, 2xx
 * @param contentType of the body
 */
public record Answer(int status, String contentType, String body) {

    /** Every provider takes it. */
    public static final Answer OK = new Answer(
            200, "application/json", "{\"status\":\"ACCEPTED\",\"message\":\"Event queued for processing\"}");
}
