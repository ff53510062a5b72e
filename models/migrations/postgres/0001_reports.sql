-- The schema of migrations/sqlite in native types; that file says what things are for.

CREATE TABLE reports (
    id         uuid NOT NULL PRIMARY KEY,
    title      text NOT NULL,
    speaker    text NOT NULL,
    language   text NOT NULL,
    state      text NOT NULL CHECK (state IN ('submitted', 'processing', 'ready', 'failed')),
    created_at timestamptz NOT NULL,
    media      jsonb,
    rendition  jsonb,
    written    jsonb,
    failure    jsonb
);

CREATE TABLE files (
    id         uuid NOT NULL PRIMARY KEY,
    report_id  uuid NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    kind       text NOT NULL,
    key        text NOT NULL UNIQUE,
    name       text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256     text NOT NULL
);
CREATE INDEX files_by_report ON files (report_id, kind);

CREATE TABLE tasks (
    id          uuid NOT NULL PRIMARY KEY,
    report_id   uuid NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    stage       text NOT NULL CHECK (stage IN ('ingest', 'transcode', 'transcribe', 'archive')),
    state       text NOT NULL CHECK (state IN ('waiting', 'queued', 'running', 'done', 'dead')),
    attempt     bigint NOT NULL DEFAULT 0,
    token       bigint NOT NULL DEFAULT 0,
    worker      text,
    lease_until timestamptz,
    not_before  timestamptz NOT NULL,
    hint_due    timestamptz,
    hints       bigint NOT NULL DEFAULT 0,
    progress    double precision NOT NULL DEFAULT 0,
    started_at  timestamptz,
    finished_at timestamptz,
    work_ms     bigint,
    error       jsonb,
    UNIQUE (report_id, stage)
)
-- Each task is updated several times in its life: room on its page keeps that cheap.
WITH (fillfactor = 70);
CREATE INDEX tasks_to_hint ON tasks (hint_due) WHERE hint_due IS NOT NULL;
CREATE INDEX tasks_dead ON tasks (finished_at) WHERE state = 'dead';

CREATE TABLE transcripts (
    id         uuid NOT NULL PRIMARY KEY,
    report_id  uuid NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    version    bigint NOT NULL,
    origin     text NOT NULL CHECK (origin IN ('recognition', 'correction')),
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (report_id, version)
);

CREATE TABLE partial_segments (
    report_id uuid NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    token     bigint NOT NULL,
    seq       bigint NOT NULL,
    body      jsonb NOT NULL,
    PRIMARY KEY (report_id, token, seq)
);
