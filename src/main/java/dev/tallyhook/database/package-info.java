/**
 * The sessions on the database: what is said for each of them, whether the database is one for a ledger, and that they are on the
 * server that takes writes.
 */
@NullMarked
package dev.tallyhook.database;

import org.jspecify.annotations.NullMarked;
