/** The sessions on the database: which server they are on, and that they are on the one that takes writes. */
@NullMarked
package dev.tallyhook.database;

import org.jspecify.annotations.NullMarked;
