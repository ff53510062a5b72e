-- Search over the texts of reports.

-- Reports whose texts have changed since they were indexed.
CREATE TABLE search_pending (
    report_id BLOB NOT NULL PRIMARY KEY REFERENCES reports (id) ON DELETE CASCADE,
    mark      INTEGER NOT NULL,  -- counts the changes since
    since     TEXT NOT NULL
) STRICT;

-- Those whose texts are indexed, numbered as they came in.
CREATE TABLE search_documents (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    report_id BLOB NOT NULL UNIQUE REFERENCES reports (id) ON DELETE CASCADE,
    passages  TEXT NOT NULL      -- JSON
) STRICT;

-- The terms of each, which Huibao makes; so the tokenizer only parts them, and keeps '_' for those that are no words.
CREATE VIRTUAL TABLE search_terms USING fts5 (
    terms,
    content = '',
    contentless_delete = 1,
    detail = none,
    tokenize = "ascii tokenchars '_'"
);

-- What is there already is indexed by the next recurring job.
INSERT INTO search_pending (report_id, mark, since)
    SELECT id, 1, '1970-01-01T00:00:00+00:00' FROM reports WHERE current_submission IS NOT NULL;
