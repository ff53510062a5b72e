-- What the engine wrote is a version of its own, 'raw', beside the readable 'recognition'. SQLite
-- cannot change a CHECK, so the table is made anew.
CREATE TABLE new_transcripts (
    id         BLOB NOT NULL PRIMARY KEY,
    report_id  BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,
    origin     TEXT NOT NULL CHECK (origin IN ('raw', 'recognition', 'correction')),
    body       TEXT NOT NULL,  -- JSON
    created_at TEXT NOT NULL,
    UNIQUE (report_id, version)
) STRICT;
INSERT INTO new_transcripts (id, report_id, version, origin, body, created_at)
    SELECT id, report_id, version, origin, body, created_at FROM transcripts;
DROP TABLE transcripts;
ALTER TABLE new_transcripts RENAME TO transcripts;
