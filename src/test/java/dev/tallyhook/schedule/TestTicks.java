package dev.tallyhook.schedule;

import java.time.Duration;
import java.util.Set;

/** Ticks that nobody starts. */
public final class TestTicks {

    private TestTicks() {}

    public static Tick overlapping(String name) {
        return new Tick(
                name,
                Duration.ofSeconds(1),
                () -> {},
                Set.of(Tick.Trait.FINISHES_ROWS, Tick.Trait.OVERLAPS),
                () -> {},
                System::nanoTime);
    }
}
