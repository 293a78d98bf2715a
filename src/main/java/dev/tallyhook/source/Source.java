package dev.tallyhook.source;

/**
 * A named sender.
 *
 * @param name of its path, and at the beginning of its ids
 * @param schemeName as the settings name its scheme
 * @param bodySizeMax in bytes
 */
public record Source(String name, String schemeName, Scheme scheme, long bodySizeMax) {

    /** What an id of this source begins with; no other sender may take one that does. */
    public String prefix() {
        return name + ":";
    }

    @Override
    public String toString() {
        return "Source[" + name + "]";
    }
}
