/** What only dev mode and the tests need: a PostgreSQL of their own, and a first minute without a manual. */
@NullMarked
package dev.tallyhook.development;

import org.jspecify.annotations.NullMarked;
