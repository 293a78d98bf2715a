-- The request that brought a transaction, as W3C Trace Context writes it, where requests are traced: finishing the
-- transaction is then part of the same trace.
ALTER TABLE transactions ADD COLUMN traceparent text COLLATE "C"
    CONSTRAINT traceparent_has_55_characters CHECK (char_length(traceparent) = 55);
