-- The model that a task recognises with, as its name or path was given; NULL is the worker's own.
ALTER TABLE tasks ADD COLUMN model TEXT;
