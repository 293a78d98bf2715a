/** What an operator sees: the probe. */
@NullMarked
package dev.tallyhook.operations;

import org.jspecify.annotations.NullMarked;
