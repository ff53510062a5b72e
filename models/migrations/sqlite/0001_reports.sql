-- Times are RFC 3339 text in UTC, which sorts as it should. Ids are version 7 UUIDs as blobs.
-- migrations/postgres holds the same schema in that engine's own types.

CREATE TABLE reports (
    id         BLOB NOT NULL PRIMARY KEY,
    title      TEXT NOT NULL,
    speaker    TEXT NOT NULL,
    language   TEXT NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('submitted', 'processing', 'ready', 'failed')),
    created_at TEXT NOT NULL,
    media      TEXT,  -- JSON
    rendition  TEXT,  -- JSON
    written    TEXT,  -- JSON
    failure    TEXT   -- JSON
) STRICT;

-- Committed files only. Nothing is overwritten: a later attempt adds rows, the newest counts.
CREATE TABLE files (
    id         BLOB NOT NULL PRIMARY KEY,
    report_id  BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256     TEXT NOT NULL
) STRICT;
CREATE INDEX files_by_report ON files (report_id, kind);

-- A task row is its own outbox: hint_due says when the queue must be told of it (again). It is set
-- in the transaction that makes a task ready, and cleared by the one that ends it.
CREATE TABLE tasks (
    id          BLOB NOT NULL PRIMARY KEY,
    report_id   BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    stage       TEXT NOT NULL CHECK (stage IN ('ingest', 'transcode', 'transcribe', 'archive')),
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'queued', 'running', 'done', 'dead')),
    attempt     INTEGER NOT NULL DEFAULT 0,
    token       INTEGER NOT NULL DEFAULT 0,
    worker      TEXT,
    lease_until TEXT,
    not_before  TEXT NOT NULL,
    hint_due    TEXT,
    hints       INTEGER NOT NULL DEFAULT 0,
    progress    REAL NOT NULL DEFAULT 0,
    started_at  TEXT,
    finished_at TEXT,
    work_ms     INTEGER,
    error       TEXT,  -- JSON
    UNIQUE (report_id, stage)
) STRICT;
CREATE INDEX tasks_to_hint ON tasks (hint_due) WHERE hint_due IS NOT NULL;
CREATE INDEX tasks_dead ON tasks (finished_at) WHERE state = 'dead';

-- Versions of what was said. Recognition and each later correction are rows of their own.
CREATE TABLE transcripts (
    id         BLOB NOT NULL PRIMARY KEY,
    report_id  BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    origin     TEXT NOT NULL CHECK (origin IN ('recognition', 'correction')),
    body       TEXT NOT NULL,  -- JSON
    created_at TEXT NOT NULL,
    UNIQUE (report_id, version)
) STRICT;

-- Text published while recognition runs; gone once the transcript is committed.
CREATE TABLE partial_segments (
    report_id BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    token     INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    body      TEXT NOT NULL,  -- JSON
    PRIMARY KEY (report_id, token, seq)
) STRICT;
