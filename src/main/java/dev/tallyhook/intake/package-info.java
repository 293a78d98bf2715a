/** A webhook comes in: its body is read, held against the rules, and written to the ledger before it is answered. */
@NullMarked
package dev.tallyhook.intake;

import org.jspecify.annotations.NullMarked;
