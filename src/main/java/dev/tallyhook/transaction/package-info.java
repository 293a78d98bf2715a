/** The ledger: the row of a transaction, its status, and reading it. */
@NullMarked
package dev.tallyhook.transaction;

import org.jspecify.annotations.NullMarked;
