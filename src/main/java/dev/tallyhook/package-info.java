/** Tallyhook: transaction webhooks in, kept in PostgreSQL, finished when they are due. */
@NullMarked
package dev.tallyhook;

import org.jspecify.annotations.NullMarked;
