-- An endpoint that leaves the configuration is disabled; if it was paused then, it is paused again when it comes back.
SELECT pg_temp.change_table('endpoints', 'ALTER TABLE endpoints ADD COLUMN was_paused boolean NOT NULL DEFAULT false');
