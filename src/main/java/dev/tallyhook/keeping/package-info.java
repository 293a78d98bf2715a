/** What is finished long ago goes: it is archived, remembered and deleted. */
@NullMarked
package dev.tallyhook.keeping;

import org.jspecify.annotations.NullMarked;
