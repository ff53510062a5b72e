-- The change of migrations/sqlite in native types; that file says what it is for.

ALTER TABLE people ADD COLUMN number text;
ALTER TABLE people ADD COLUMN email text;
CREATE UNIQUE INDEX people_by_number ON people (number) WHERE number IS NOT NULL;

ALTER TABLE grants ADD COLUMN source text NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN scopes text NOT NULL DEFAULT 'read write manage';

CREATE TABLE identities (
    provider   text NOT NULL,
    subject    text NOT NULL,
    person_id  uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX identities_by_person ON identities (person_id);
