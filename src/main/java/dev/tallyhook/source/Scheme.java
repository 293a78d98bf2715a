package dev.tallyhook.source;

import java.util.List;

/**
 * The rules of one provider. Both methods are called on an event loop: they must not block, and they must not throw for whatever a
 * stranger sends.
 */
public interface Scheme {

    /**
     * Whether somebody who knows one of the secrets signed it, judged by the raw bytes before anything of the body is parsed, in a
     * time that tells nothing about how near a wrong signature is. A timestamp that the scheme signs must be of now, on both sides.
     */
    Verdict verify(Delivery delivery);

    /**
     * What a signed delivery tells, one event or many; never none. What cannot be mapped is an event all the same, which
     * says why by {@link Event#unmapped}: a provider whose events are refused for what they say retries them for days, and then
     * switches the endpoint off.
     */
    List<Event> events(Delivery delivery);

    /** What the provider takes for success. */
    default Answer success() {
        return Answer.OK;
    }

    /** Headers to keep beside the body, in lower case: those that the signature needs, that name the event, or that tell its type. */
    List<String> headersToKeep();
}
