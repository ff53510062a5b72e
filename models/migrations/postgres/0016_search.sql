-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE search_pending (
    report_id uuid NOT NULL PRIMARY KEY REFERENCES reports (id) ON DELETE CASCADE,
    mark      bigint NOT NULL,
    since     timestamptz NOT NULL
);

CREATE TABLE search_documents (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report_id uuid NOT NULL UNIQUE REFERENCES reports (id) ON DELETE CASCADE,
    passages  jsonb NOT NULL,
    terms     tsvector NOT NULL
);
CREATE INDEX search_documents_terms ON search_documents USING gin (terms);

INSERT INTO search_pending (report_id, mark, since)
    SELECT id, 1, 'epoch' FROM reports WHERE current_submission IS NOT NULL;
