-- The change of migrations/sqlite in native types; that file says what it is for.

ALTER TABLE tasks ADD COLUMN model text;
