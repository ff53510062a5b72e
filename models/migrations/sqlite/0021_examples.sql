-- Good examples: accepted reports that their branch may show, because their authors agree.

CREATE TABLE examples (
    report_id    BLOB NOT NULL PRIMARY KEY REFERENCES reports (id) ON DELETE CASCADE,
    consented_at TEXT NOT NULL,
    published_at TEXT,  -- NULL: nobody shows it
    published_by BLOB
) STRICT;
CREATE INDEX examples_published ON examples (published_at) WHERE published_at IS NOT NULL;
