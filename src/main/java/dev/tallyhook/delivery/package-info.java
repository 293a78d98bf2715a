/** The world is told: what endpoints are still to hear, how it gets to them, and what came of it. */
@NullMarked
package dev.tallyhook.delivery;

import org.jspecify.annotations.NullMarked;
