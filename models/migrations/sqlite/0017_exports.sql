-- What people take out of the system as files.

CREATE TABLE exports (
    id           BLOB NOT NULL PRIMARY KEY,
    report_id    BLOB REFERENCES reports (id) ON DELETE CASCADE,
    round_id     BLOB REFERENCES rounds (id) ON DELETE CASCADE,
    branches     TEXT NOT NULL,  -- JSON: of a round, those whose people and reports are in it
    format       TEXT NOT NULL,
    requested_by BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_by   TEXT NOT NULL,  -- Actor
    created_at   TEXT NOT NULL,
    expires_at   TEXT NOT NULL,
    job_id       BLOB NOT NULL,  -- the job that makes the file; its state is the export's
    key          TEXT,           -- the file, once it is made
    name         TEXT,
    size_bytes   INTEGER,
    sha256       TEXT,
    CHECK ((report_id IS NULL) <> (round_id IS NULL))
) STRICT;
CREATE INDEX exports_by_person ON exports (requested_by, id);
CREATE INDEX exports_by_expiry ON exports (expires_at);
