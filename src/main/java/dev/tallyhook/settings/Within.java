package dev.tallyhook.settings;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The least and the largest value of a setting, both allowed, as the setting itself is written: a number, or an ISO 8601 duration.
 * A mapping that has some says {@code @RegisterForReflection}, or a native binary does not see them.
 */
@Documented
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
public @interface Within {

    /** What is least. */
    String min();

    /** What is most; unless it is said, there is no limit. */
    String max() default "";
}
