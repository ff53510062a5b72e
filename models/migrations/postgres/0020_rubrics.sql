-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE rubrics (
    branch     text COLLATE "C" NOT NULL,
    kind       text NOT NULL,
    questions  jsonb NOT NULL,
    revision   bigint NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (branch, kind)
);

CREATE TABLE rubric_answers (
    id            uuid NOT NULL PRIMARY KEY,
    report_id     uuid NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    submission_id uuid NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    question_id   uuid NOT NULL,
    question      text NOT NULL,
    person_id     uuid NOT NULL,
    text          text NOT NULL,
    evidence      jsonb NOT NULL,
    revision      bigint NOT NULL,
    changed_by    text NOT NULL,
    changed_at    timestamptz NOT NULL,
    UNIQUE (submission_id, question_id, person_id)
);
CREATE INDEX rubric_answers_by_report ON rubric_answers (report_id);

ALTER TABLE decisions ADD COLUMN open_questions jsonb NOT NULL DEFAULT '[]';
