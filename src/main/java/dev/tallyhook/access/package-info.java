/** Who gets in, and how long they may take: secrets and tokens, TLS clients, connections. */
@NullMarked
package dev.tallyhook.access;

import org.jspecify.annotations.NullMarked;
