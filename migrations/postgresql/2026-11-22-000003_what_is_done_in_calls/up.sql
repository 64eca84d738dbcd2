-- What was asked for in calls and by supervisors, and what became of it.
CREATE TABLE call_steps (
    journal TEXT NOT NULL,
    seq BIGINT NOT NULL,
    nth INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    call TEXT,
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    subject TEXT NOT NULL,
    agent TEXT,
    asked_by TEXT,
    refused TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (journal, seq, nth)
);
CREATE INDEX call_steps_by_call ON call_steps (call);
