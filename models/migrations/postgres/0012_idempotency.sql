-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE idempotency_keys (
    person_id   uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    key         text NOT NULL,
    fingerprint bytea NOT NULL,
    status      bigint,
    location    text,
    etag        text,
    body        text,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (person_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

CREATE INDEX uploads_by_person ON uploads (person_id);
