-- What the engine wrote is a version of its own, 'raw', beside the readable 'recognition'.
ALTER TABLE transcripts DROP CONSTRAINT transcripts_origin_check;
ALTER TABLE transcripts ADD CONSTRAINT transcripts_origin_check
    CHECK (origin IN ('raw', 'recognition', 'correction'));
