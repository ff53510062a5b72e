-- The audit log: who saw or changed what and when, and what was refused. Rows are added and never changed.

CREATE TABLE audit_entries (
    id        BLOB NOT NULL PRIMARY KEY,
    at        TEXT NOT NULL,
    actor     TEXT NOT NULL,  -- Actor
    person_id BLOB,           -- the person behind it, where there is one
    address   TEXT,           -- where the request came from
    action    TEXT NOT NULL,
    subject   TEXT NOT NULL,  -- what it was done to, such as 'report:…'
    detail    TEXT NOT NULL   -- JSON, letter by letter as it is part of the chain
) STRICT;
CREATE INDEX audit_entries_by_subject ON audit_entries (subject, id);
CREATE INDEX audit_entries_by_person ON audit_entries (person_id, id);

-- Entries that are not in the chain yet: they join it in batches, so that writers do not wait for each other.
CREATE TABLE audit_pending (
    entry_id BLOB NOT NULL PRIMARY KEY
) STRICT;

-- Each hash covers an entry and the hash before it.
CREATE TABLE audit_chain (
    seq      INTEGER NOT NULL PRIMARY KEY,
    entry_id BLOB NOT NULL UNIQUE,
    hash     BLOB NOT NULL
) STRICT;

-- Signed heads of the chain, for others to keep.
CREATE TABLE audit_checkpoints (
    seq     INTEGER NOT NULL PRIMARY KEY,
    note    TEXT NOT NULL,
    made_at TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_entries_stay BEFORE UPDATE ON audit_entries
    BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_entries_remain BEFORE DELETE ON audit_entries
    BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_chain_stays BEFORE UPDATE ON audit_chain
    BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_chain_remains BEFORE DELETE ON audit_chain
    BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_checkpoints_stay BEFORE UPDATE ON audit_checkpoints
    BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_checkpoints_remain BEFORE DELETE ON audit_checkpoints
    BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
