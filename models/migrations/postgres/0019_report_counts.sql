-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE INDEX reports_counted ON reports (branch, state, kind, round_id, author_id);
CREATE INDEX submissions_unfinished ON submissions (state, report_id) WHERE state <> 'ready';
