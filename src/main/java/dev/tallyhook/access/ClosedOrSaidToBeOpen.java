package dev.tallyhook.access;

import jakarta.validation.Constraint;
import jakarta.validation.ConstraintValidator;
import jakarta.validation.ConstraintValidatorContext;
import jakarta.validation.Payload;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Nobody runs open by accident: without secrets or tokens, and without a word that this is meant, the service does not
 * start. It is a rule of the configuration, so that it speaks before a database is waited for.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Constraint(validatedBy = ClosedOrSaidToBeOpen.Validator.class)
@interface ClosedOrSaidToBeOpen {

    String message() default "";

    Class<?>[] groups() default {};

    Class<? extends Payload>[] payload() default {};

    /** Says which of the two is missing, and what to choose from. */
    class Validator implements ConstraintValidator<ClosedOrSaidToBeOpen, AccessConfig> {

        static final String SECRETS =
                "must know its senders: set TALLYHOOK_WEBHOOK_SECRETS or TALLYHOOK_WEBHOOK_SECRETS_FILE";
        static final String TOKENS = "must know its readers: set TALLYHOOK_API_TOKENS or TALLYHOOK_API_TOKENS_FILE";
        static final String BOTH = "must know its senders and its readers: set TALLYHOOK_WEBHOOK_SECRETS (or"
                + " TALLYHOOK_WEBHOOK_SECRETS_FILE) and TALLYHOOK_API_TOKENS (or TALLYHOOK_API_TOKENS_FILE)";
        static final String OR_OPEN = "; or TALLYHOOK_OPEN_ACCESS=true to run open to everyone who can connect";

        @Override
        public boolean isValid(AccessConfig config, ConstraintValidatorContext context) {
            boolean senders = config.sendersAreKnown();
            boolean readers = config.readersAreKnown();
            if (config.openAccess() || (senders && readers)) {
                return true;
            }
            context.disableDefaultConstraintViolation();
            context.buildConstraintViolationWithTemplate((senders ? TOKENS : readers ? SECRETS : BOTH) + OR_OPEN)
                    .addConstraintViolation();
            return false;
        }
    }
}
