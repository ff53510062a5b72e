-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE branches (
    path       text COLLATE "C" NOT NULL PRIMARY KEY,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE people (
    id             uuid NOT NULL PRIMARY KEY,
    name           text NOT NULL UNIQUE,
    display_name   text NOT NULL,
    password_hash  text,
    disabled_at    timestamptz,
    created_by     text NOT NULL,
    created_at     timestamptz NOT NULL
);

CREATE TABLE grants (
    person_id  uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    role       text NOT NULL,
    branch     text COLLATE "C" NOT NULL REFERENCES branches (path),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (person_id, role, branch)
);
CREATE INDEX grants_by_branch ON grants (branch, role);

CREATE TABLE contacts (
    contact_id  uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    activist_id uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_by  text NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (contact_id, activist_id)
);

CREATE TABLE sessions (
    id          uuid NOT NULL PRIMARY KEY,
    person_id   uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    secret_hash bytea NOT NULL UNIQUE,
    user_agent  text NOT NULL,
    created_at  timestamptz NOT NULL,
    used_at     timestamptz NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (person_id);

CREATE TABLE tokens (
    id          uuid NOT NULL PRIMARY KEY,
    person_id   uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    name        text NOT NULL,
    secret_hash bytea NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz,
    used_at     timestamptz
);
CREATE INDEX tokens_by_person ON tokens (person_id);

CREATE TABLE setup_links (
    secret_hash bytea NOT NULL PRIMARY KEY,
    expires_at  timestamptz NOT NULL
);

CREATE TABLE sign_in_failures (
    key           text NOT NULL PRIMARY KEY,
    failures      bigint NOT NULL,
    blocked_until timestamptz NOT NULL,
    forget_at     timestamptz NOT NULL
);

ALTER TABLE reports ADD COLUMN author_id uuid;
ALTER TABLE reports ADD COLUMN branch text COLLATE "C" NOT NULL DEFAULT '/';
ALTER TABLE reports ADD COLUMN kind text NOT NULL DEFAULT 'other';
ALTER TABLE reports ADD COLUMN period text NOT NULL DEFAULT '';
ALTER TABLE reports ADD COLUMN written_text text NOT NULL DEFAULT '';
ALTER TABLE reports ADD COLUMN language text NOT NULL DEFAULT 'zh';
ALTER TABLE reports ADD COLUMN revision bigint NOT NULL DEFAULT 1;
ALTER TABLE reports ADD COLUMN draft_submission uuid;
CREATE INDEX reports_by_author ON reports (author_id, id);
CREATE INDEX reports_by_branch ON reports (branch, id);
