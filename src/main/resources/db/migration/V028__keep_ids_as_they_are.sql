-- Compressing the ids of a batch took as long as all else that queueing them takes, and they are there for seconds. What is queued already
-- stays as it is, and is read all the same.
SELECT pg_temp.change_table('deliveries', 'ALTER TABLE deliveries ALTER COLUMN ids SET STORAGE EXTERNAL');
