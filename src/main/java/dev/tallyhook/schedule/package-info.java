/** What is done again and again: driven by the schedule, watched by a clock that only goes forward. */
@NullMarked
package dev.tallyhook.schedule;

import org.jspecify.annotations.NullMarked;
