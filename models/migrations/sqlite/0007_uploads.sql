-- Files on their way to a report that is not handed in. How many bytes have arrived, the storage knows.
CREATE TABLE uploads (
    id            BLOB NOT NULL PRIMARY KEY,
    person_id     BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    report_id     BLOB REFERENCES reports (id) ON DELETE CASCADE,  -- NULL: a part of another upload
    submission_id BLOB NOT NULL,           -- names the folder of the key; it may not be there yet
    role          TEXT,                    -- UploadRole; NULL: a part
    filename      TEXT NOT NULL,
    key           TEXT NOT NULL UNIQUE,    -- of the object
    length        INTEGER,                 -- NULL: not known yet
    parts         TEXT,                    -- JSON: the uploads that it is put together from
    sha256        TEXT,                    -- NULL: not finished
    writer        TEXT,                    -- who writes now
    writer_until  TEXT,
    touched_at    TEXT NOT NULL,
    created_at    TEXT NOT NULL
) STRICT;
CREATE INDEX uploads_by_report ON uploads (report_id);
CREATE INDEX uploads_by_submission ON uploads (submission_id);
CREATE INDEX uploads_by_age ON uploads (touched_at);
