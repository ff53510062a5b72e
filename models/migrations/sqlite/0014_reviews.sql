-- What reviewers do: correct transcripts, comment, decide.

-- A correction changes few of many sentences. So its version has no body of its own: it is the body of a
-- recognition (base_id) with the changes of this version and of those before it. The table is made anew,
-- because a body may now be missing.
CREATE TABLE new_transcripts (
    id            BLOB NOT NULL PRIMARY KEY,
    submission_id BLOB NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    version       INTEGER NOT NULL,
    origin        TEXT NOT NULL,
    author        TEXT NOT NULL,  -- Actor
    parent_id     BLOB REFERENCES new_transcripts (id),
    body          TEXT,           -- JSON; NULL: that of base_id, with changes
    created_at    TEXT NOT NULL,
    base_id       BLOB REFERENCES new_transcripts (id),
    person_id     BLOB,           -- the person who corrected
    undoes        INTEGER,        -- the version that this one takes back
    UNIQUE (submission_id, version)
) STRICT;
INSERT INTO new_transcripts (id, submission_id, version, origin, author, parent_id, body, created_at)
    SELECT id, submission_id, version, origin, author, parent_id, body, created_at FROM transcripts;
DROP TABLE transcripts;
ALTER TABLE new_transcripts RENAME TO transcripts;

-- What a version changes in the one before it.
CREATE TABLE segment_changes (
    base_id    BLOB NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE,
    version    INTEGER NOT NULL,  -- of the transcript version that changes it
    segment_id INTEGER NOT NULL,
    before     TEXT,              -- JSON; NULL: there was none
    after      TEXT,              -- JSON; NULL: it is left out
    PRIMARY KEY (base_id, version, segment_id)
) STRICT;

-- None is ever changed; the newest counts.
CREATE TABLE decisions (
    id            BLOB NOT NULL PRIMARY KEY,
    report_id     BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    submission_id BLOB NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    transcript_id BLOB NOT NULL REFERENCES transcripts (id),  -- the version that was read
    verdict       TEXT NOT NULL,
    reasons       TEXT NOT NULL,
    person_id     BLOB NOT NULL,
    created_by    TEXT NOT NULL,  -- Actor
    created_at    TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_by_report ON decisions (report_id, id);

CREATE TABLE comments (
    id            BLOB NOT NULL PRIMARY KEY,
    report_id     BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    submission_id BLOB NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    parent_id     BLOB REFERENCES comments (id),  -- of an answer
    person_id     BLOB NOT NULL,
    text          TEXT NOT NULL,
    anchor        TEXT NOT NULL,     -- JSON
    shared        INTEGER NOT NULL,  -- 0 or 1: whether the report's author sees it
    created_by    TEXT NOT NULL,     -- Actor
    created_at    TEXT NOT NULL,
    edited_at     TEXT,
    resolved_at   TEXT,
    removed_at    TEXT
) STRICT;
CREATE INDEX comments_by_report ON comments (report_id, id);
