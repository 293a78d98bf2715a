-- A sender that gets 409 may repeat itself for days: that is one row, with when it came last and how often.
-- content is a digest of what the webhook said (see V009, and ConflictWriter). An earlier version that still runs knows none of this:
-- its rows have no content, so no two of them are the same, and each counts one attempt.
-- The room that the fillfactor leaves lets the count change on the same page, without touching an index.
SELECT pg_temp.change_table('conflicts', $change$
    ALTER TABLE conflicts
        ADD COLUMN last_received_at timestamptz,
        ADD COLUMN attempts         bigint NOT NULL DEFAULT 1,
        ADD COLUMN content          bytea,
        SET (fillfactor = 90)
$change$);
