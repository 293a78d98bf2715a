/** The rules of settings, checked before anything starts. */
@NullMarked
package dev.tallyhook.settings;

import org.jspecify.annotations.NullMarked;
