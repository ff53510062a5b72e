-- The change of migrations/sqlite in native types; that file says what it is for.

INSERT INTO search_pending (report_id, mark, since)
    SELECT id, 1, 'epoch' FROM reports WHERE current_submission IS NOT NULL
    ON CONFLICT (report_id) DO UPDATE SET mark = search_pending.mark + 1;

-- The documents that have the terms of a query, by the index: the planner does not know what it costs to read the terms
-- of a document, which stand apart from its row, and would read those of all.
CREATE FUNCTION search_indexed(query tsquery) RETURNS TABLE (number bigint, report_id uuid)
    LANGUAGE sql STABLE ROWS 100 SET enable_seqscan = off
    AS 'SELECT number, report_id FROM search_documents WHERE terms @@ query';
