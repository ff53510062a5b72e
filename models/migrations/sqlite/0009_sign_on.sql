-- People as rosters and campus sign-on know them, and tokens that may do only some things.

ALTER TABLE people ADD COLUMN number TEXT;  -- student or staff number; rosters are keyed by it
ALTER TABLE people ADD COLUMN email TEXT;
CREATE UNIQUE INDEX people_by_number ON people (number) WHERE number IS NOT NULL;

ALTER TABLE grants ADD COLUMN source TEXT NOT NULL DEFAULT '';  -- the sign-on whose rules gave it; '': a person did
ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read write manage';

-- What identity providers call people.
CREATE TABLE identities (
    provider   TEXT NOT NULL,
    subject    TEXT NOT NULL,
    person_id  BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    PRIMARY KEY (provider, subject)
) STRICT;
CREATE INDEX identities_by_person ON identities (person_id);
