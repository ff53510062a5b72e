-- Notices: what people are told, and how. A notice is written with what it tells of.

CREATE TABLE notices (
    id         BLOB NOT NULL PRIMARY KEY,
    person_id  BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    event      TEXT NOT NULL,
    report_id  BLOB,
    round_id   BLOB,
    detail     TEXT NOT NULL,  -- JSON
    mail       TEXT NOT NULL,  -- none, queued, digest or sent
    created_at TEXT NOT NULL,
    read_at    TEXT
) STRICT;
CREATE INDEX notices_by_person ON notices (person_id, id);
CREATE INDEX notices_to_digest ON notices (person_id) WHERE mail = 'digest';
-- Of a round, somebody is told everything once.
CREATE UNIQUE INDEX notices_of_round ON notices (round_id, person_id, event) WHERE round_id IS NOT NULL;

-- How somebody wants to be told; a person without a row, as the defaults say.
CREATE TABLE notice_settings (
    person_id  BLOB NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    mail       TEXT NOT NULL,     -- at_once, daily or never
    muted      TEXT NOT NULL,     -- JSON: events that are not mailed
    quiet_from INTEGER,           -- minutes since midnight
    quiet_to   INTEGER,
    utc_offset INTEGER NOT NULL,  -- minutes
    lang       TEXT NOT NULL
) STRICT;

-- Where notices go besides people: programs and chat groups.
CREATE TABLE channels (
    id         BLOB NOT NULL PRIMARY KEY,
    branch     TEXT NOT NULL,     -- and everything below it
    kind       TEXT NOT NULL,     -- webhook, wecom, dingtalk or feishu
    name       TEXT NOT NULL,
    url        TEXT NOT NULL,
    secret     TEXT NOT NULL,
    events     TEXT NOT NULL,     -- JSON: which; empty: all
    next_at    TEXT NOT NULL,     -- not before: rate limits of the other side
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX channels_by_branch ON channels (branch);
