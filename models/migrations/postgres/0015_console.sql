-- The change of migrations/sqlite in native types; that file says what it is for.

ALTER TABLE jobs ADD COLUMN discarded_at timestamptz;
CREATE INDEX jobs_finished ON jobs (finished_at);

CREATE TABLE workers (
    name       text NOT NULL PRIMARY KEY,
    version    text NOT NULL,
    cores      bigint NOT NULL,
    kinds      jsonb NOT NULL,
    model      text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    paused     boolean NOT NULL
);
