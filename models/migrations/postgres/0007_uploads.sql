-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE uploads (
    id            uuid NOT NULL PRIMARY KEY,
    person_id     uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    report_id     uuid REFERENCES reports (id) ON DELETE CASCADE,
    submission_id uuid NOT NULL,
    role          text,
    filename      text NOT NULL,
    key           text NOT NULL UNIQUE,
    length        bigint,
    parts         jsonb,
    sha256        text,
    writer        text,
    writer_until  timestamptz,
    touched_at    timestamptz NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX uploads_by_report ON uploads (report_id);
CREATE INDEX uploads_by_submission ON uploads (submission_id);
CREATE INDEX uploads_by_age ON uploads (touched_at);
