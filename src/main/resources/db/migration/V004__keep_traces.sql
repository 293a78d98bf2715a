-- The request that brought a transaction, as W3C Trace Context writes it, where requests are traced: finishing the
-- transaction is then part of the same trace.
-- NOT VALID, because the rows of today have none, and reading them all to see that would hold up webhooks.
ALTER TABLE transactions
    ADD COLUMN traceparent text COLLATE "C",
    ADD CONSTRAINT traceparent_has_55_characters CHECK (char_length(traceparent) = 55) NOT VALID;
