/** The rules of each provider, a class for each: how it signs, and what its events say. */
@NullMarked
package dev.tallyhook.source.scheme;

import org.jspecify.annotations.NullMarked;
