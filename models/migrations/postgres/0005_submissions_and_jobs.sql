-- The change of migrations/sqlite in native types; that file says what it is for.

ALTER TABLE reports RENAME TO submissions;
ALTER TABLE submissions RENAME CONSTRAINT reports_pkey TO submissions_pkey;
ALTER TABLE submissions DROP CONSTRAINT reports_state_check;

CREATE TABLE reports (
    id                 uuid NOT NULL PRIMARY KEY,
    title              text NOT NULL,
    speaker            text NOT NULL,
    state              text NOT NULL,
    current_submission uuid,
    created_by         text NOT NULL,
    created_at         timestamptz NOT NULL
);
INSERT INTO reports (id, title, speaker, state, current_submission, created_by, created_at)
    SELECT id, title, speaker, 'submitted', id, 'system', created_at FROM submissions;

ALTER TABLE submissions
    ADD COLUMN report_id uuid REFERENCES reports (id) ON DELETE CASCADE,
    ADD COLUMN version bigint NOT NULL DEFAULT 1,
    ADD COLUMN current_transcript uuid,
    ADD COLUMN created_by text NOT NULL DEFAULT 'system';
UPDATE submissions SET report_id = id,
    failure = CAST(replace(CAST(failure AS text), '"code": "keeper_', '"code": "backend_') AS jsonb),
    current_transcript = (SELECT transcripts.id FROM transcripts
                          WHERE transcripts.report_id = submissions.id
                          ORDER BY transcripts.version DESC LIMIT 1);
ALTER TABLE submissions
    ALTER COLUMN report_id SET NOT NULL,
    ALTER COLUMN version DROP DEFAULT,
    ALTER COLUMN created_by DROP DEFAULT,
    DROP COLUMN title,
    DROP COLUMN speaker,
    ADD CONSTRAINT submissions_report_id_version_key UNIQUE (report_id, version);

ALTER TABLE files RENAME COLUMN report_id TO submission_id;
ALTER INDEX files_by_report RENAME TO files_by_submission;

ALTER TABLE tasks RENAME TO jobs;
ALTER TABLE jobs RENAME CONSTRAINT tasks_pkey TO jobs_pkey;
ALTER TABLE jobs RENAME COLUMN stage TO kind;
ALTER TABLE jobs RENAME COLUMN report_id TO submission_id;
ALTER TABLE jobs RENAME COLUMN hint_due TO publish_due;
ALTER TABLE jobs RENAME COLUMN hints TO published;
ALTER TABLE jobs
    DROP CONSTRAINT tasks_stage_check,
    DROP CONSTRAINT tasks_state_check,
    DROP CONSTRAINT tasks_report_id_stage_key,
    ALTER COLUMN submission_id DROP NOT NULL,
    ADD COLUMN urgency text NOT NULL DEFAULT 'background',
    ADD COLUMN needs text NOT NULL DEFAULT '',
    ADD COLUMN payload jsonb,
    ADD COLUMN unique_key text UNIQUE,
    ADD COLUMN created_by text NOT NULL DEFAULT 'system',
    ADD COLUMN created_at timestamptz NOT NULL DEFAULT 'epoch';
DROP INDEX tasks_to_hint;
DROP INDEX tasks_unanswered;
DROP INDEX tasks_dead;
UPDATE jobs SET
    urgency = CASE kind WHEN 'ingest' THEN 'highest' WHEN 'archive' THEN 'high'
                        WHEN 'transcribe' THEN 'normal' ELSE 'low' END,
    needs = CASE kind WHEN 'ingest' THEN '' WHEN 'archive' THEN ',transcode,transcribe,'
                      ELSE ',ingest,' END,
    payload = CASE WHEN model IS NULL THEN NULL ELSE jsonb_build_object('model', model) END,
    publish_due = CASE WHEN jobs.state = 'queued' THEN not_before ELSE publish_due END,
    published = 0,
    error = CAST(replace(CAST(error AS text), '"code": "keeper_', '"code": "backend_') AS jsonb),
    created_at = submissions.created_at
    FROM submissions WHERE submissions.id = submission_id;
ALTER TABLE jobs
    DROP COLUMN model,
    ALTER COLUMN urgency DROP DEFAULT,
    ALTER COLUMN created_by DROP DEFAULT,
    ALTER COLUMN created_at DROP DEFAULT;
CREATE INDEX jobs_by_submission ON jobs (submission_id, kind);
CREATE INDEX jobs_to_publish ON jobs (publish_due) WHERE published = 0 AND publish_due IS NOT NULL;
CREATE INDEX jobs_unanswered ON jobs (urgency, published, publish_due)
    WHERE published > 0 AND publish_due IS NOT NULL;
CREATE INDEX jobs_dead ON jobs (finished_at) WHERE state = 'dead';

ALTER TABLE transcripts RENAME COLUMN report_id TO submission_id;
ALTER TABLE transcripts DROP CONSTRAINT transcripts_origin_check;
ALTER TABLE transcripts
    ADD COLUMN author text NOT NULL DEFAULT 'system',
    ADD COLUMN parent_id uuid REFERENCES transcripts (id);
ALTER TABLE transcripts ALTER COLUMN author DROP DEFAULT;
UPDATE transcripts SET parent_id = parent.id
    FROM transcripts AS parent
    WHERE transcripts.origin <> 'raw' AND parent.origin = 'raw'
      AND parent.submission_id = transcripts.submission_id
      AND parent.version = transcripts.version - 1
      AND parent.created_at = transcripts.created_at;

ALTER TABLE partial_segments RENAME COLUMN report_id TO submission_id;
