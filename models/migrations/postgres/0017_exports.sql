-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE exports (
    id           uuid NOT NULL PRIMARY KEY,
    report_id    uuid REFERENCES reports (id) ON DELETE CASCADE,
    round_id     uuid REFERENCES rounds (id) ON DELETE CASCADE,
    branches     jsonb NOT NULL,
    format       text NOT NULL,
    requested_by uuid NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created_by   text NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    job_id       uuid NOT NULL,
    key          text,
    name         text,
    size_bytes   bigint,
    sha256       text,
    CHECK ((report_id IS NULL) <> (round_id IS NULL))
);
CREATE INDEX exports_by_person ON exports (requested_by, id);
CREATE INDEX exports_by_expiry ON exports (expires_at);
