package dev.tallyhook.processing.model;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A set of the model's rows, and when they are due: row 1 at time 1, rows 2 and 3 at time 2. Three are enough: one to
 * be passed over, one to pass it over, and one that is due at the very same time.
 *
 * @param bits the lowest for row 1
 */
record Rows(int bits) {

    private static final int[] DUE_AT = {1, 2, 2};

    static final int LAST_DUE_AT = 2;

    private static final List<Rows> SETS =
            IntStream.range(0, 1 << DUE_AT.length).mapToObj(Rows::new).toList();

    static final Rows NONE = SETS.get(0);

    static final Rows ALL = SETS.get(SETS.size() - 1);

    /** Each alone, in the order of {@code due_at}. */
    static final List<Rows> EACH = List.of(SETS.get(1), SETS.get(2), SETS.get(4));

    /** When the last of them is due; there must be one. */
    int dueAt() {
        return DUE_AT[Integer.numberOfTrailingZeros(Integer.highestOneBit(bits))];
    }

    Rows first() {
        return SETS.get(Integer.lowestOneBit(bits));
    }

    Rows and(Rows others) {
        return SETS.get(bits | others.bits);
    }

    Rows without(Rows others) {
        return SETS.get(bits & ~others.bits);
    }

    boolean overlap(Rows others) {
        return (bits & others.bits) != 0;
    }

    boolean isEmpty() {
        return bits == 0;
    }

    int size() {
        return Integer.bitCount(bits);
    }

    @Override
    public String toString() {
        return IntStream.rangeClosed(1, DUE_AT.length)
                .filter(number -> overlap(EACH.get(number - 1)))
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(", ", "{", "}"));
    }
}
