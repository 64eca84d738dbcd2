ALTER TABLE messages DROP COLUMN called_in;
ALTER TABLE messages DROP COLUMN called_by;
ALTER TABLE messages DROP COLUMN called_at;
ALTER TABLE messages DROP COLUMN called;
