package dev.tallyhook.source;

/** Whether a delivery is from somebody known. */
public enum Verdict {
    /** It is. */
    SIGNED,
    /** Nothing shows that it is, or it is not of now. Nothing more is told, whatever is wrong. */
    UNSIGNED,
    /** What it must be held against is being fetched; the sender is asked to try again. */
    UNDECIDED;

    /** Of a check that has decided. */
    public static Verdict of(boolean signed) {
        return signed ? SIGNED : UNSIGNED;
    }
}
