-- What operators see of jobs and workers.

-- A dead job that nobody will try again.
ALTER TABLE jobs ADD COLUMN discarded_at TEXT;
CREATE INDEX jobs_finished ON jobs (finished_at);

-- Workers say every few seconds that they are there.
CREATE TABLE workers (
    name       TEXT NOT NULL PRIMARY KEY,
    version    TEXT NOT NULL,
    cores      INTEGER NOT NULL,
    kinds      TEXT NOT NULL,     -- JSON: the kinds of jobs that it takes
    model      TEXT NOT NULL,
    started_at TEXT NOT NULL,
    seen_at    TEXT NOT NULL,
    paused     INTEGER NOT NULL   -- 0 or 1: whether it is to take no further jobs
) STRICT;
