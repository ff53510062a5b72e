-- hints says how often a hint is known to have been published. So far, whoever committed did not count.
UPDATE tasks SET hints = 0 WHERE hints > 0;

-- What was never published, and what was and is not answered, apart: a long queue is all in the second
-- index, where the relay looks at the first entry for each stage and count.
DROP INDEX tasks_to_hint;
CREATE INDEX tasks_to_hint ON tasks (hint_due) WHERE hints = 0 AND hint_due IS NOT NULL;
CREATE INDEX tasks_unanswered ON tasks (stage, hints, hint_due)
    WHERE hints > 0 AND hint_due IS NOT NULL;
