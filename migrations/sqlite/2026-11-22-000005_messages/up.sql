-- Messages that callers left in mailboxes.

CREATE TABLE messages (
    message TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    call TEXT NOT NULL,
    recording BIGINT NOT NULL,
    caller_number TEXT NOT NULL,
    caller_name TEXT NOT NULL,
    left_at BIGINT NOT NULL,
    length_ms BIGINT NOT NULL,
    -- new, taken, handled or deleted
    state TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT,
    note TEXT
);

CREATE INDEX messages_by_mailbox ON messages (mailbox, state, message);
CREATE INDEX messages_by_call ON messages (call);
