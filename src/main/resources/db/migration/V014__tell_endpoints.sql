-- Who is told what is finished, and what they are still to be told.
--
-- What comes of telling (failing_since and below) changes while an endpoint fails, and once a second at most while it does not: the room
-- that the fillfactor leaves lets that happen on the same page.
CREATE TABLE endpoints (
    endpoint_id      text COLLATE "C" NOT NULL, -- of the configuration: its name
    url              text             NOT NULL,
    description      text,
    state            text COLLATE "C" NOT NULL DEFAULT 'ENABLED',
    disabled_because text COLLATE "C",
    disabled_at      timestamptz,
    events           text[] COLLATE "C" NOT NULL,
    sources          text[] COLLATE "C",         -- NULL, here and below: all of them
    types            text[] COLLATE "C",
    currencies       text[] COLLATE "C",
    accounts         text[] COLLATE "C",
    amount_min       numeric,
    signature        text COLLATE "C" NOT NULL,
    sealed_secrets   bytea,                      -- NULL: it is in the configuration, and so is its secret
    configured_at    timestamptz,                -- when a replica last said that its configuration has it
    created_at       timestamptz      NOT NULL DEFAULT clock_timestamp(),
    changed_at       timestamptz      NOT NULL DEFAULT clock_timestamp(),
    failing_since    timestamptz,
    failures         integer          NOT NULL DEFAULT 0, -- attempts in a row
    retry_at         timestamptz,                -- until then nothing is tried: its circuit is open, or it asked for a rest
    delivered_at     timestamptz,

    CONSTRAINT endpoints_pkey PRIMARY KEY (endpoint_id),
    CONSTRAINT endpoint_id_is_a_name CHECK (endpoint_id ~ '^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$'),
    CONSTRAINT url_is_short CHECK (char_length(url) BETWEEN 1 AND 2048),
    CONSTRAINT description_is_short CHECK (char_length(description) <= 255),
    CONSTRAINT state_is_known CHECK (state IN ('ENABLED', 'PAUSED', 'DISABLED')),
    CONSTRAINT disabled_says_why_and_when CHECK (
        (state = 'DISABLED') = (disabled_because IS NOT NULL) AND (disabled_because IS NULL) = (disabled_at IS NULL)),
    CONSTRAINT wants_something CHECK (cardinality(events) > 0),
    CONSTRAINT signature_is_known CHECK (signature IN ('v1', 'v1a')),
    CONSTRAINT has_secrets_or_is_configured CHECK (sealed_secrets IS NOT NULL OR configured_at IS NOT NULL)
)
WITH (fillfactor = 50);

-- The queue: what each endpoint is still to be told. A row is written by the statement that finishes (or stores) its transactions, for
-- all of them that go to one endpoint together; what could not be told comes back as a row of its own. It is deleted when it is done, so
-- what goes well writes two rows for each batch and none for each message.
-- leased_until is in no index, so claiming changes no index; who dies gives its rows back when that is over.
CREATE TABLE deliveries (
    delivery_id  bigint           GENERATED ALWAYS AS IDENTITY,
    endpoint_id  text COLLATE "C" NOT NULL,
    event        "char"           NOT NULL, -- p: processed, a: accepted, c: conflicting
    ids          text[] COLLATE "C" NOT NULL, -- of transactions; of conflicts, in decimal digits
    replay       boolean          NOT NULL DEFAULT false,
    next_at      timestamptz      NOT NULL DEFAULT clock_timestamp(),
    leased_until timestamptz,
    attempts     smallint         NOT NULL DEFAULT 0, -- that failed; more than none only in a row with one id
    failed_at    timestamptz,                         -- the first of them

    CONSTRAINT deliveries_pkey PRIMARY KEY (delivery_id),
    CONSTRAINT event_is_known CHECK (event IN ('p', 'a', 'c')),
    CONSTRAINT names_something CHECK (cardinality(ids) > 0),
    CONSTRAINT is_tried_alone CHECK (attempts = 0 OR cardinality(ids) = 1)
)
WITH (
    fillfactor = 70,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_insert_threshold = 100000
);

CREATE INDEX deliveries_next ON deliveries (endpoint_id, replay, next_at);

-- What was given up, to be looked at and sent again.
CREATE TABLE dead_letters (
    dead_letter_id  bigint           GENERATED ALWAYS AS IDENTITY,
    endpoint_id     text COLLATE "C" NOT NULL,
    event           "char"           NOT NULL,
    id              text COLLATE "C" NOT NULL,
    attempts        integer          NOT NULL,
    first_failed_at timestamptz      NOT NULL,
    last_failed_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
    outcome         text COLLATE "C" NOT NULL,
    status          smallint,
    answer          text,

    CONSTRAINT dead_letters_pkey PRIMARY KEY (dead_letter_id)
);

CREATE INDEX dead_letters_of_endpoint ON dead_letters (endpoint_id, dead_letter_id);

-- The last attempts, some of many: for people to look at. They are told and not owed.
CREATE TABLE attempts (
    attempt_id  bigint           GENERATED ALWAYS AS IDENTITY,
    endpoint_id text COLLATE "C" NOT NULL,
    at          timestamptz      NOT NULL,
    event       "char"           NOT NULL, -- as above, or t: a test
    id          text COLLATE "C" NOT NULL,
    outcome     text COLLATE "C" NOT NULL,
    status      smallint,
    took_millis integer          NOT NULL,
    answer      text,

    CONSTRAINT attempts_pkey PRIMARY KEY (attempt_id)
);

CREATE INDEX attempts_of_endpoint ON attempts (endpoint_id, attempt_id);

-- What is sent again, on demand, and how far that is.
CREATE TABLE replays (
    replay_id   bigint           GENERATED ALWAYS AS IDENTITY,
    endpoint_id text COLLATE "C" NOT NULL,
    what        text COLLATE "C" NOT NULL,
    since       timestamptz      NOT NULL, -- inclusive; of FAILED: when the oldest of them was given up
    until       timestamptz      NOT NULL, -- exclusive
    reached     timestamptz      NOT NULL, -- all before it is queued
    state       text COLLATE "C" NOT NULL DEFAULT 'RUNNING',
    queued      bigint           NOT NULL DEFAULT 0,
    created_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
    done_at     timestamptz,
    by          text COLLATE "C" NOT NULL, -- a fingerprint of the token, never the token

    CONSTRAINT replays_pkey PRIMARY KEY (replay_id),
    CONSTRAINT what_is_known CHECK (what IN ('ONE', 'FAILED', 'SINCE')),
    CONSTRAINT state_is_known CHECK (state IN ('RUNNING', 'DONE', 'CANCELLED')),
    CONSTRAINT done_says_when CHECK ((state = 'RUNNING') = (done_at IS NULL))
);

CREATE INDEX replays_of_endpoint ON replays (endpoint_id, replay_id);
CREATE INDEX replays_running ON replays (replay_id) WHERE state = 'RUNNING';
