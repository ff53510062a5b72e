-- The change of migrations/sqlite in native types; that file says what it is for.

ALTER TABLE transcripts
    ALTER COLUMN body DROP NOT NULL,
    ADD COLUMN base_id uuid REFERENCES transcripts (id),
    ADD COLUMN person_id uuid,
    ADD COLUMN undoes bigint;

CREATE TABLE segment_changes (
    base_id    uuid NOT NULL REFERENCES transcripts (id) ON DELETE CASCADE,
    version    bigint NOT NULL,
    segment_id bigint NOT NULL,
    before     jsonb,
    after      jsonb,
    PRIMARY KEY (base_id, version, segment_id)
);

CREATE TABLE decisions (
    id            uuid NOT NULL PRIMARY KEY,
    report_id     uuid NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    submission_id uuid NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    transcript_id uuid NOT NULL REFERENCES transcripts (id),
    verdict       text NOT NULL,
    reasons       text NOT NULL,
    person_id     uuid NOT NULL,
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL
);
CREATE INDEX decisions_by_report ON decisions (report_id, id);

CREATE TABLE comments (
    id            uuid NOT NULL PRIMARY KEY,
    report_id     uuid NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
    submission_id uuid NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    parent_id     uuid REFERENCES comments (id),
    person_id     uuid NOT NULL,
    text          text NOT NULL,
    anchor        jsonb NOT NULL,
    shared        boolean NOT NULL,
    created_by    text NOT NULL,
    created_at    timestamptz NOT NULL,
    edited_at     timestamptz,
    resolved_at   timestamptz,
    removed_at    timestamptz
);
CREATE INDEX comments_by_report ON comments (report_id, id);
