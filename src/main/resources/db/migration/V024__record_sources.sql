-- What became of the events of named senders, as each replica reports it: once in a while, of those that came since, kept for 15 minutes.
CREATE TABLE source_activity (
    at      timestamptz      NOT NULL DEFAULT clock_timestamp(),
    replica text COLLATE "C" NOT NULL,
    source  text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL, -- as in the metric; or unmapped, which counts some of the accepted ones again
    events  bigint           NOT NULL,

    CONSTRAINT source_activity_pkey PRIMARY KEY (at, replica, source, outcome)
);
