-- When a quick first pass wrote the newest recognition of a submission, and a better model is still to hear it.

ALTER TABLE submissions ADD COLUMN quick_pass_at TEXT;

CREATE INDEX submissions_of_quick_pass ON submissions (quick_pass_at) WHERE quick_pass_at IS NOT NULL;

-- Whether recognitions wait is asked every minute.
CREATE INDEX jobs_open ON jobs (kind) WHERE state IN ('queued', 'running');
