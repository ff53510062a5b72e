-- The change of migrations/sqlite in native types; that file says what it is for.

ALTER TABLE submissions ADD COLUMN quick_pass_at timestamptz;

CREATE INDEX submissions_of_quick_pass ON submissions (quick_pass_at) WHERE quick_pass_at IS NOT NULL;

CREATE INDEX jobs_open ON jobs (kind) WHERE state IN ('queued', 'running');
