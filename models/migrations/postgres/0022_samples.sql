-- The change of migrations/sqlite in native types; that file says what it is for.

CREATE TABLE samples (
    at             timestamptz NOT NULL PRIMARY KEY,
    storage_bytes  bigint NOT NULL,
    database_bytes bigint NOT NULL,
    done           bigint NOT NULL,
    failed         bigint NOT NULL
);
