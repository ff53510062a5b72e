-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE audit_entries (
    id        uuid NOT NULL PRIMARY KEY,
    at        timestamptz NOT NULL,
    actor     text NOT NULL,
    person_id uuid,
    address   text,
    action    text NOT NULL,
    subject   text NOT NULL,
    detail    text NOT NULL
);
CREATE INDEX audit_entries_by_subject ON audit_entries (subject, id);
CREATE INDEX audit_entries_by_person ON audit_entries (person_id, id);

CREATE TABLE audit_pending (
    entry_id uuid NOT NULL PRIMARY KEY
);

CREATE TABLE audit_chain (
    seq      bigint NOT NULL PRIMARY KEY,
    entry_id uuid NOT NULL UNIQUE,
    hash     bytea NOT NULL
);

CREATE TABLE audit_checkpoints (
    seq     bigint NOT NULL PRIMARY KEY,
    note    text NOT NULL,
    made_at timestamptz NOT NULL
);

CREATE FUNCTION refuse_change_of_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log();
CREATE TRIGGER audit_chain_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log();
CREATE TRIGGER audit_checkpoints_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log();
