-- What a draft said before it was changed.
CREATE TABLE draft_versions (
    report_id    BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    revision     INTEGER NOT NULL,  -- of the report that said so
    title        TEXT NOT NULL,
    written_text TEXT NOT NULL,
    replaced_by  TEXT NOT NULL,     -- Actor
    replaced_at  TEXT NOT NULL,
    PRIMARY KEY (report_id, revision)
) STRICT;

-- Every branch with a report is one of the tree: lists of a subtree go from branch to branch.
INSERT INTO branches (path, created_by, created_at)
    SELECT DISTINCT branch, 'system', strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now') FROM reports WHERE true
    ON CONFLICT DO NOTHING;
