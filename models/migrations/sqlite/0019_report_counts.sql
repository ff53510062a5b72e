-- Reports are counted by their states from indexes alone.

CREATE INDEX reports_counted ON reports (branch, state, kind, round_id, author_id);
CREATE INDEX submissions_unfinished ON submissions (state, report_id) WHERE state <> 'ready';
