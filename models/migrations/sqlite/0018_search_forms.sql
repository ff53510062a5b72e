-- Terms are simplified: texts in traditional characters are indexed anew, as all others are, by the next recurring job.

INSERT INTO search_pending (report_id, mark, since)
    SELECT id, 1, '1970-01-01T00:00:00+00:00' FROM reports WHERE current_submission IS NOT NULL
    ON CONFLICT (report_id) DO UPDATE SET mark = search_pending.mark + 1;
