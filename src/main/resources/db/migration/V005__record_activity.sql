-- What each replica did, as it reports once a second: so any of them can show what all of them do. The last 15 minutes are
-- kept. It is told and not owed: a crash may lose the last rows, so they are committed without waiting for the disk.
CREATE TABLE activity (
    at              timestamptz      NOT NULL DEFAULT clock_timestamp(),
    replica         text COLLATE "C" NOT NULL,
    accepted        bigint           NOT NULL,
    replayed        bigint           NOT NULL,
    conflicting     bigint           NOT NULL,
    invalid         bigint           NOT NULL,
    unauthenticated bigint           NOT NULL,
    shed            bigint           NOT NULL,
    failed          bigint           NOT NULL,
    lateness        bigint[]         NOT NULL, -- transactions finished, by how late
    waiting         bigint,
    overdue         bigint,

    CONSTRAINT activity_pkey PRIMARY KEY (at, replica)
);
