/** The clock strikes: what is due is finished. */
@NullMarked
package dev.tallyhook.processing;

import org.jspecify.annotations.NullMarked;
