-- What was said, compared with what was written: made once for each transcript version. The written text of a
-- submission never changes.

CREATE TABLE comparisons (
    transcript_id BLOB NOT NULL PRIMARY KEY REFERENCES transcripts (id) ON DELETE CASCADE,
    format        INTEGER NOT NULL,  -- of another one than the program's, it is made anew
    body          TEXT NOT NULL      -- JSON
) STRICT;
