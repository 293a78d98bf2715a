package dev.tallyhook.model;

import java.util.List;

/**
 * A protocol without its code: what can happen next, whatever has happened.
 *
 * @param <S> what is at one moment; equal if nothing that can follow is different
 * @param <T> something that happens
 */
public interface Protocol<S, T extends Protocol.Happening<S>> {

    /** Something that happens. */
    interface Happening<S> {
        /** What is then. */
        S after();
    }

    S start();

    /** All that can happen next. */
    List<T> next(S state);

    /** The same with what is alike changed about, so that what can follow is the same as well. */
    S mirrored(S state);
}
