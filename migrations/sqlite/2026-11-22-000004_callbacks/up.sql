-- Who is to be called back, by which queue, and what has become of it.
CREATE TABLE callbacks (
    callback TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    queue TEXT NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    note TEXT NOT NULL,
    language TEXT NOT NULL,
    asked BIGINT NOT NULL,
    entered BIGINT NOT NULL,
    from_call TEXT,
    asked_by TEXT,
    state TEXT NOT NULL,
    state_since BIGINT NOT NULL,
    until BIGINT,
    attempts BIGINT NOT NULL,
    offers BIGINT NOT NULL,
    call TEXT,
    agent TEXT,
    closed BIGINT,
    why TEXT
);
CREATE INDEX callbacks_by_time ON callbacks (asked);
CREATE INDEX callbacks_by_number ON callbacks (number, queue);
