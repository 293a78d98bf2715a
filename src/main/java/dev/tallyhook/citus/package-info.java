/**
 * A ledger that Citus has distributed over several servers: which shard of it an id belongs to and which server has that shard, and how the
 * statements of a plain ledger are run inside shards, on the servers that have them. A plain ledger has none of it.
 *
 * @see <a href="https://docs.citusdata.com/en/stable/get_started/concepts.html">Concepts of Citus</a>
 */
@NullMarked
package dev.tallyhook.citus;

import org.jspecify.annotations.NullMarked;
