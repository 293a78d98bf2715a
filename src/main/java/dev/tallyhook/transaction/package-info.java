/** The ledger: the row of a transaction, its status, and reading it, by its id and in pages. */
@NullMarked
package dev.tallyhook.transaction;

import org.jspecify.annotations.NullMarked;
