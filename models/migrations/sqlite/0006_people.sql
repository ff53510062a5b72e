-- People with what they are and how they prove who they are, and reports that belong to somebody.

-- The tree of an organisation. A path has a slash behind each name ('/college/branch/'), so that a subtree
-- is a range of the paths in byte order.
CREATE TABLE branches (
    path       TEXT NOT NULL PRIMARY KEY,
    created_by TEXT NOT NULL,  -- Actor
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE people (
    id             BLOB NOT NULL PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,  -- to sign in with; in lower case
    display_name   TEXT NOT NULL,
    password_hash  TEXT,                  -- Argon2id in PHC format; NULL: no password
    disabled_at    TEXT,
    created_by     TEXT NOT NULL,
    created_at     TEXT NOT NULL
) STRICT;

-- What somebody is, in a branch and everything below it.
CREATE TABLE grants (
    person_id  BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    role       TEXT NOT NULL,
    branch     TEXT NOT NULL REFERENCES branches (path),
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (person_id, role, branch)
) STRICT;
CREATE INDEX grants_by_branch ON grants (branch, role);

-- Who looks after whom, whichever branch they are in (培养联系人).
CREATE TABLE contacts (
    contact_id  BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    activist_id BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_by  TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    PRIMARY KEY (contact_id, activist_id)
) STRICT;

-- Secrets are kept as their SHA-256: who reads the database cannot use them.
CREATE TABLE sessions (
    id          BLOB NOT NULL PRIMARY KEY,
    person_id   BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL UNIQUE,
    user_agent  TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    used_at     TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_person ON sessions (person_id);

CREATE TABLE tokens (
    id          BLOB NOT NULL PRIMARY KEY,
    person_id   BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    secret_hash BLOB NOT NULL UNIQUE,
    created_at  TEXT NOT NULL,
    expires_at  TEXT,
    used_at     TEXT
) STRICT;
CREATE INDEX tokens_by_person ON tokens (person_id);

-- The link that makes the first operator: whoever starts a server without people is shown it.
CREATE TABLE setup_links (
    secret_hash BLOB NOT NULL PRIMARY KEY,
    expires_at  TEXT NOT NULL
) STRICT;

-- Failed sign-ins, by account and by address.
CREATE TABLE sign_in_failures (
    key           TEXT NOT NULL PRIMARY KEY,
    failures      INTEGER NOT NULL,
    blocked_until TEXT NOT NULL,
    forget_at     TEXT NOT NULL
) STRICT;

ALTER TABLE reports ADD COLUMN author_id BLOB;  -- a person; NULL: from before there were accounts
ALTER TABLE reports ADD COLUMN branch TEXT NOT NULL DEFAULT '/';
ALTER TABLE reports ADD COLUMN kind TEXT NOT NULL DEFAULT 'other';
ALTER TABLE reports ADD COLUMN period TEXT NOT NULL DEFAULT '';
ALTER TABLE reports ADD COLUMN written_text TEXT NOT NULL DEFAULT '';
ALTER TABLE reports ADD COLUMN language TEXT NOT NULL DEFAULT 'zh';
ALTER TABLE reports ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE reports ADD COLUMN draft_submission BLOB;  -- the id of the submission that is being made
CREATE INDEX reports_by_author ON reports (author_id, id);
CREATE INDEX reports_by_branch ON reports (branch, id);
