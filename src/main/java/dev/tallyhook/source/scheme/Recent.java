package dev.tallyhook.source.scheme;

import java.util.LinkedHashMap;
import java.util.Map;

/** As many as it may hold; one more, and it forgets the one that was asked for longest ago. */
final class Recent<V> extends LinkedHashMap<String, V> {

    private static final long serialVersionUID = 1;

    private final int max;

    Recent(int max) {
        super(16, 0.75f, true);
        this.max = max;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, V> eldest) {
        return size() > max;
    }
}
