/** Named senders, and what their webhooks say: how each signs, what tells its events apart, in which units it writes money. */
@NullMarked
package dev.tallyhook.source;

import org.jspecify.annotations.NullMarked;
