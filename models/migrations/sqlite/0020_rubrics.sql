-- Rubrics: what a branch asks its reviewers about reports of a kind, and what they answer.

CREATE TABLE rubrics (
    branch     TEXT NOT NULL,     -- and everything below it that has none of its own
    kind       TEXT NOT NULL,
    questions  TEXT NOT NULL,     -- JSON: ids and words
    revision   INTEGER NOT NULL,
    changed_by TEXT NOT NULL,     -- Actor
    changed_at TEXT NOT NULL,
    PRIMARY KEY (branch, kind)
) STRICT;

-- Each reviewer's own. A row keeps the words of the question: a rubric that is changed changes no answer.
CREATE TABLE rubric_answers (
    id            BLOB NOT NULL PRIMARY KEY,
    report_id     BLOB NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    submission_id BLOB NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    question_id   BLOB NOT NULL,
    question      TEXT NOT NULL,
    person_id     BLOB NOT NULL,
    text          TEXT NOT NULL,
    evidence      TEXT NOT NULL,     -- JSON: anchors
    revision      INTEGER NOT NULL,
    changed_by    TEXT NOT NULL,     -- Actor
    changed_at    TEXT NOT NULL,
    UNIQUE (submission_id, question_id, person_id)
) STRICT;
CREATE INDEX rubric_answers_by_report ON rubric_answers (report_id);

-- The words of the questions that were open when it was decided, as JSON.
ALTER TABLE decisions ADD COLUMN open_questions TEXT NOT NULL DEFAULT '[]';
