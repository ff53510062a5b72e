-- Answers to requests that may come again, and what people's uploads add up to.

CREATE TABLE idempotency_keys (
    person_id   BLOB NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    key         TEXT NOT NULL,
    fingerprint BLOB NOT NULL,  -- of the request
    status      INTEGER,        -- NULL: it is being answered
    location    TEXT,
    etag        TEXT,
    body        TEXT,
    created_at  TEXT NOT NULL,
    PRIMARY KEY (person_id, key)
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE INDEX uploads_by_person ON uploads (person_id);
