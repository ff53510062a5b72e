-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE rounds (
    id           uuid NOT NULL PRIMARY KEY,
    branch       text COLLATE "C" NOT NULL,
    title        text NOT NULL,
    period       text NOT NULL,
    kinds        jsonb NOT NULL,
    instructions text NOT NULL,
    max_seconds  bigint,
    deadline     timestamptz NOT NULL,
    closed_at    timestamptz,
    revision     bigint NOT NULL DEFAULT 1,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL
);
CREATE INDEX rounds_by_branch ON rounds (branch, id);

CREATE TABLE round_exceptions (
    round_id    uuid NOT NULL REFERENCES rounds (id) ON DELETE CASCADE,
    person_id   uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    extended_to timestamptz,
    excused     boolean NOT NULL,
    reason      text NOT NULL,
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (round_id, person_id)
);

ALTER TABLE reports ADD COLUMN round_id uuid;
CREATE UNIQUE INDEX reports_of_round ON reports (round_id, author_id) WHERE round_id IS NOT NULL;
