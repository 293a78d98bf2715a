/** What only dev mode and the tests need: a PostgreSQL of their own. */
@NullMarked
package dev.tallyhook.development;

import org.jspecify.annotations.NullMarked;
