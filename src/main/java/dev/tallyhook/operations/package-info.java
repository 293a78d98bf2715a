/** What an operator sees: probe and health, metrics, what all replicas do, and the pages. */
@NullMarked
package dev.tallyhook.operations;

import org.jspecify.annotations.NullMarked;
