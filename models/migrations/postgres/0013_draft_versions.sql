-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE draft_versions (
    report_id    uuid NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    revision     bigint NOT NULL,
    title        text NOT NULL,
    written_text text NOT NULL,
    replaced_by  text NOT NULL,
    replaced_at  timestamptz NOT NULL,
    PRIMARY KEY (report_id, revision)
);

INSERT INTO branches (path, created_by, created_at)
    SELECT DISTINCT branch, 'system', now() FROM reports WHERE true
    ON CONFLICT DO NOTHING;
