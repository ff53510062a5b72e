-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE examples (
    report_id    uuid NOT NULL PRIMARY KEY REFERENCES reports (id) ON DELETE CASCADE,
    consented_at timestamptz NOT NULL,
    published_at timestamptz,
    published_by uuid
);
CREATE INDEX examples_published ON examples (published_at) WHERE published_at IS NOT NULL;
