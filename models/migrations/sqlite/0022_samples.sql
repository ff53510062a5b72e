-- How large the system is and how much it does, measured every few minutes.

CREATE TABLE samples (
    at             TEXT NOT NULL PRIMARY KEY,
    storage_bytes  INTEGER NOT NULL,
    database_bytes INTEGER NOT NULL,
    done           INTEGER NOT NULL,  -- jobs, since the sample before
    failed         INTEGER NOT NULL
) STRICT;
