/** Who is told what is finished: how endpoints are configured and changed, their secrets, and what a replica knows of them. */
@NullMarked
package dev.tallyhook.endpoint;

import org.jspecify.annotations.NullMarked;
