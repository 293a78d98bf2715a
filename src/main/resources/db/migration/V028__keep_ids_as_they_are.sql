-- Compressing the ids of a batch took about as long as all else that queueing them takes, and most are there for seconds. Those of an endpoint
-- that is paused or fails stay longer, and take more room now. What is queued already stays as it is, and is read all the same.
SELECT pg_temp.change_table('deliveries', 'ALTER TABLE deliveries ALTER COLUMN ids SET STORAGE EXTERNAL');
