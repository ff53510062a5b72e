-- See migrations/sqlite.
UPDATE tasks SET hints = 0 WHERE hints > 0;
DROP INDEX tasks_to_hint;
CREATE INDEX tasks_to_hint ON tasks (hint_due) WHERE hints = 0 AND hint_due IS NOT NULL;
CREATE INDEX tasks_unanswered ON tasks (stage, hints, hint_due)
    WHERE hints > 0 AND hint_due IS NOT NULL;
