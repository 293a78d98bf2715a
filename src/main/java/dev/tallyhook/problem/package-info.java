/** RFC 9457: the one place where errors become answers. */
@NullMarked
package dev.tallyhook.problem;

import org.jspecify.annotations.NullMarked;
