-- What a person owes and hands in (reports) is told from what was handed in (submissions), and tasks
-- become jobs of any kind. Each report so far becomes a report with one submission, which keeps the
-- report's id, because the keys of its files hold it.
--
-- Tables are made anew, so foreign keys must be off: dropping a parent would delete its children. The
-- store switches them off outside the transaction and checks them after it.

ALTER TABLE reports RENAME TO old_reports;

CREATE TABLE reports (
    id                 BLOB NOT NULL PRIMARY KEY,
    title              TEXT NOT NULL,
    speaker            TEXT NOT NULL,
    state              TEXT NOT NULL,  -- of the report's life cycle: ReportState
    current_submission BLOB,           -- the one that counts; NULL while nothing is handed in
    created_by         TEXT NOT NULL,  -- Actor
    created_at         TEXT NOT NULL
) STRICT;

CREATE TABLE submissions (
    id                 BLOB NOT NULL PRIMARY KEY,
    report_id          BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    version            INTEGER NOT NULL,
    language           TEXT NOT NULL,
    state              TEXT NOT NULL,  -- of processing: SubmissionState
    media              TEXT,  -- JSON
    rendition          TEXT,  -- JSON
    written            TEXT,  -- JSON
    failure            TEXT,  -- JSON
    current_transcript BLOB,           -- the version that readers see: a decision, not the newest row
    created_by         TEXT NOT NULL,
    created_at         TEXT NOT NULL,
    UNIQUE (report_id, version)
) STRICT;

INSERT INTO reports (id, title, speaker, state, current_submission, created_by, created_at)
    SELECT id, title, speaker, 'submitted', id, 'system', created_at FROM old_reports;
INSERT INTO submissions (id, report_id, version, language, state, media, rendition, written, failure,
                         current_transcript, created_by, created_at)
    SELECT id, id, 1, language, state, media, rendition, written,
           replace(failure, '"code":"keeper_', '"code":"backend_'),
           (SELECT transcripts.id FROM transcripts WHERE report_id = old_reports.id
            ORDER BY transcripts.version DESC LIMIT 1),
           'system', created_at
    FROM old_reports;

-- Committed files only. Nothing is overwritten: a later attempt adds rows, the newest counts.
CREATE TABLE new_files (
    id            BLOB NOT NULL PRIMARY KEY,
    submission_id BLOB NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL,
    key           TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    size_bytes    INTEGER NOT NULL,
    sha256        TEXT NOT NULL
) STRICT;
INSERT INTO new_files SELECT id, report_id, kind, key, name, size_bytes, sha256 FROM files;
DROP TABLE files;
ALTER TABLE new_files RENAME TO files;
CREATE INDEX files_by_submission ON files (submission_id, kind);

-- A job row is its own outbox: publish_due says when a message about it must be published (again). It is
-- set in the transaction that makes a job ready, and cleared by the one that ends it. published says how
-- often a message is known to have been published.
CREATE TABLE jobs (
    id            BLOB NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL,  -- which kinds there are, the worker knows
    urgency       TEXT NOT NULL,  -- which queue it waits in
    submission_id BLOB REFERENCES submissions (id) ON DELETE CASCADE,  -- of a stage of its pipeline
    needs         TEXT NOT NULL DEFAULT '',  -- kinds of the same submission: ',transcode,transcribe,'
    payload       TEXT,  -- JSON
    unique_key    TEXT UNIQUE,
    state         TEXT NOT NULL,
    attempt       INTEGER NOT NULL DEFAULT 0,
    token         INTEGER NOT NULL DEFAULT 0,
    worker        TEXT,
    lease_until   TEXT,
    not_before    TEXT NOT NULL,
    publish_due   TEXT,
    published     INTEGER NOT NULL DEFAULT 0,
    progress      REAL NOT NULL DEFAULT 0,
    started_at    TEXT,
    finished_at   TEXT,
    work_ms       INTEGER,
    error         TEXT,  -- JSON
    created_by    TEXT NOT NULL,
    created_at    TEXT NOT NULL
) STRICT;
INSERT INTO jobs (id, kind, urgency, submission_id, needs, payload, state, attempt, token, worker,
                  lease_until, not_before, publish_due, progress, started_at, finished_at, work_ms,
                  error, created_by, created_at)
    SELECT tasks.id, stage,
           CASE stage WHEN 'ingest' THEN 'highest' WHEN 'archive' THEN 'high'
                      WHEN 'transcribe' THEN 'normal' ELSE 'low' END,
           report_id,
           CASE stage WHEN 'ingest' THEN '' WHEN 'archive' THEN ',transcode,transcribe,'
                      ELSE ',ingest,' END,
           CASE WHEN model IS NULL THEN NULL ELSE json_object('model', model) END,
           tasks.state, attempt, token, worker, lease_until, not_before,
           -- Messages in the old queues are not read any more.
           CASE WHEN tasks.state = 'queued' THEN not_before ELSE hint_due END,
           progress, started_at, finished_at, work_ms,
           replace(error, '"code":"keeper_', '"code":"backend_'), 'system', old_reports.created_at
    FROM tasks JOIN old_reports ON old_reports.id = report_id;
DROP TABLE tasks;
CREATE INDEX jobs_by_submission ON jobs (submission_id, kind);
CREATE INDEX jobs_to_publish ON jobs (publish_due) WHERE published = 0 AND publish_due IS NOT NULL;
CREATE INDEX jobs_unanswered ON jobs (urgency, published, publish_due)
    WHERE published > 0 AND publish_due IS NOT NULL;
CREATE INDEX jobs_dead ON jobs (finished_at) WHERE state = 'dead';

-- Versions of what was said. What the engine wrote, what was made of it and each later correction are
-- rows of their own, and tell which version they were made from.
CREATE TABLE new_transcripts (
    id            BLOB NOT NULL PRIMARY KEY,
    submission_id BLOB NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    version       INTEGER NOT NULL,
    origin        TEXT NOT NULL,
    author        TEXT NOT NULL,  -- Actor
    parent_id     BLOB REFERENCES new_transcripts (id),
    body          TEXT NOT NULL,  -- JSON
    created_at    TEXT NOT NULL,
    UNIQUE (submission_id, version)
) STRICT;
INSERT INTO new_transcripts (id, submission_id, version, origin, author, parent_id, body, created_at)
    SELECT id, report_id, version, origin, 'system',
           CASE WHEN origin = 'raw' THEN NULL ELSE
               (SELECT parent.id FROM transcripts AS parent
                WHERE parent.report_id = transcripts.report_id
                  AND parent.version = transcripts.version - 1
                  AND parent.created_at = transcripts.created_at AND parent.origin = 'raw') END,
           body, created_at
    FROM transcripts;
DROP TABLE transcripts;
ALTER TABLE new_transcripts RENAME TO transcripts;

-- Text published while recognition runs; gone once the transcript is committed.
CREATE TABLE new_partial_segments (
    submission_id BLOB NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    token         INTEGER NOT NULL,
    seq           INTEGER NOT NULL,
    body          TEXT NOT NULL,  -- JSON
    PRIMARY KEY (submission_id, token, seq)
) STRICT;
INSERT INTO new_partial_segments SELECT report_id, token, seq, body FROM partial_segments;
DROP TABLE partial_segments;
ALTER TABLE new_partial_segments RENAME TO partial_segments;

DROP TABLE old_reports;
