-- The rules of before, written so that they cost a statement less. PostgreSQL parses and plans each CHECK of a table anew in every
-- statement that writes to it, however few rows that has, and those of a domain once in a session: so the rules for single values move
-- to domains, and a CHECK only casts to them. num_nulls looks at every cast; AND, OR and IS NULL of a row may stop before.
-- https://www.postgresql.org/docs/current/domains.html
--
-- The columns keep their types: to change those would rewrite the table. NOT VALID, because what is there was checked as it was written.
CREATE DOMAIN transaction_identifier AS text COLLATE "C" CONSTRAINT transaction_id_is_an_identifier CHECK (
    char_length(VALUE) BETWEEN 1 AND 255 AND VALUE !~ '[\u0001-\u001F\u007F-\u009F]' AND VALUE NOT IN ('.', '..'));
CREATE DOMAIN account_identifier AS text COLLATE "C" CONSTRAINT account_is_an_identifier CHECK (
    char_length(VALUE) BETWEEN 1 AND 255 AND VALUE !~ '[\u0001-\u001F\u007F-\u009F]');
CREATE DOMAIN webhook_amount AS numeric CONSTRAINT amount_is_positive_and_exact CHECK (
    VALUE > 0 AND VALUE < 1000000000000000000 AND scale(VALUE) <= 4);
CREATE DOMAIN event_amount AS numeric CONSTRAINT amount_is_exact CHECK (
    abs(VALUE) < 1000000000000000000 AND scale(VALUE) <= 18);
CREATE DOMAIN amount_unit AS "char" CONSTRAINT unit_is_minor_or_major CHECK (VALUE IN ('i', 'a'));
CREATE DOMAIN webhook_currency AS text COLLATE "C" CONSTRAINT currency_is_a_code CHECK (VALUE ~ '^[A-Z]{3}$');
CREATE DOMAIN event_currency AS text COLLATE "C" CONSTRAINT currency_is_a_code CHECK (VALUE ~ '^[A-Z][A-Z0-9]{2,11}$');
CREATE DOMAIN finite_time AS timestamptz CONSTRAINT time_is_finite CHECK (isfinite(VALUE));
CREATE DOMAIN trace_parent AS text COLLATE "C" CONSTRAINT traceparent_has_55_characters CHECK (char_length(VALUE) = 55);
CREATE DOMAIN source_name AS text COLLATE "C" CONSTRAINT source_is_a_name CHECK (
    VALUE ~ '^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$');

SELECT pg_temp.change_table('transactions', $change$
    ALTER TABLE transactions
        DROP CONSTRAINT transaction_id_is_an_identifier,
        DROP CONSTRAINT source_account_is_an_identifier,
        DROP CONSTRAINT destination_account_is_an_identifier,
        DROP CONSTRAINT due_at_is_finite,
        DROP CONSTRAINT traceparent_has_55_characters,
        DROP CONSTRAINT source_is_a_name,
        DROP CONSTRAINT amount_is_exact,
        DROP CONSTRAINT currency_is_a_code,
        DROP CONSTRAINT occurred_at_is_finite,
        DROP CONSTRAINT built_in_is_whole_and_no_event,
        DROP CONSTRAINT came_as_it_is_kept,
        DROP CONSTRAINT status_is_known,
        DROP CONSTRAINT processed_means_finished_and_never_early,
        ADD CONSTRAINT values_are_of_their_domains CHECK (
            num_nulls(transaction_id::transaction_identifier, source_account::account_identifier,
                destination_account::account_identifier, due_at::finite_time, traceparent::trace_parent) >= 0) NOT VALID,
        ADD CONSTRAINT built_in_is_whole_and_no_event CHECK (
            CASE WHEN source IS NULL THEN
                num_nulls(source_account, destination_account, amount::webhook_amount, currency::webhook_currency) = 0
                AND num_nonnulls(type, subject, occurred_at, unmapped, request, request_place, amount_sent, amount_unit) = 0
            ELSE
                num_nulls(source::source_name, amount::event_amount, currency::event_currency, occurred_at::finite_time,
                    amount_unit::amount_unit) >= 0
                AND (request IS NULL) = (request_place IS NULL)
                AND (amount_sent IS NULL) = (amount_unit IS NULL)
            END) NOT VALID,
        ADD CONSTRAINT processed_means_finished_and_never_early CHECK (
            CASE WHEN processed_at IS NULL THEN status IN ('PROCESSING', 'HELD')
                ELSE status = 'PROCESSED' AND processed_at >= due_at END) NOT VALID
$change$);
