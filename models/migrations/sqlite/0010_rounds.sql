-- Rounds: what a branch asks its activists for, and by when.

CREATE TABLE rounds (
    id           BLOB NOT NULL PRIMARY KEY,
    branch       TEXT NOT NULL,      -- and everything below it
    title        TEXT NOT NULL,
    period       TEXT NOT NULL,
    kinds        TEXT NOT NULL,      -- JSON: kinds of reports; empty: any
    instructions TEXT NOT NULL,
    max_seconds  INTEGER,            -- of the video; NULL: as long as the settings allow
    deadline     TEXT NOT NULL,
    closed_at    TEXT,
    revision     INTEGER NOT NULL DEFAULT 1,
    created_by   TEXT NOT NULL,
    created_at   TEXT NOT NULL
) STRICT;
CREATE INDEX rounds_by_branch ON rounds (branch, id);

-- Other rules for one person.
CREATE TABLE round_exceptions (
    round_id    BLOB NOT NULL REFERENCES rounds (id) ON DELETE CASCADE,
    person_id   BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    extended_to TEXT,
    excused     INTEGER NOT NULL,    -- 0 or 1
    reason      TEXT NOT NULL,
    created_by  TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    PRIMARY KEY (round_id, person_id)
) STRICT;

ALTER TABLE reports ADD COLUMN round_id BLOB;
CREATE UNIQUE INDEX reports_of_round ON reports (round_id, author_id) WHERE round_id IS NOT NULL;
