-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE notices (
    id         uuid NOT NULL PRIMARY KEY,
    person_id  uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    event      text NOT NULL,
    report_id  uuid,
    round_id   uuid,
    detail     jsonb NOT NULL,
    mail       text NOT NULL,
    created_at timestamptz NOT NULL,
    read_at    timestamptz
);
CREATE INDEX notices_by_person ON notices (person_id, id);
CREATE INDEX notices_to_digest ON notices (person_id) WHERE mail = 'digest';
CREATE UNIQUE INDEX notices_of_round ON notices (round_id, person_id, event) WHERE round_id IS NOT NULL;

CREATE TABLE notice_settings (
    person_id  uuid NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    mail       text NOT NULL,
    muted      jsonb NOT NULL,
    quiet_from bigint,
    quiet_to   bigint,
    utc_offset bigint NOT NULL,
    lang       text NOT NULL
);

CREATE TABLE channels (
    id         uuid NOT NULL PRIMARY KEY,
    branch     text COLLATE "C" NOT NULL,
    kind       text NOT NULL,
    name       text NOT NULL,
    url        text NOT NULL,
    secret     text NOT NULL,
    events     jsonb NOT NULL,
    next_at    timestamptz NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX channels_by_branch ON channels (branch);
