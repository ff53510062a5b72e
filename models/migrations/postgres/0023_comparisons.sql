-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE comparisons (
    transcript_id uuid NOT NULL PRIMARY KEY REFERENCES transcripts (id) ON DELETE CASCADE,
    format        bigint NOT NULL,
    body          jsonb NOT NULL
);
