-- Whether who left a message was called back, by whom, in which call and what came of it.
ALTER TABLE messages ADD COLUMN called TEXT;
ALTER TABLE messages ADD COLUMN called_at BIGINT;
ALTER TABLE messages ADD COLUMN called_by TEXT;
ALTER TABLE messages ADD COLUMN called_in TEXT;
