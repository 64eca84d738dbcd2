-- Calls and everything that happened to them.

CREATE TABLE calls (
    call TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    caller_number TEXT NOT NULL,
    caller_name TEXT NOT NULL,
    dialled TEXT NOT NULL,
    state TEXT NOT NULL,
    state_since BIGINT NOT NULL,
    started BIGINT NOT NULL,
    -- When it was first with an agent.
    connected BIGINT,
    ended BIGINT,
    cause TEXT,
    ended_by TEXT,
    -- The queue it waited in last and the agent it was with last.
    queue TEXT,
    agent TEXT
);
CREATE INDEX calls_by_start ON calls (started);
CREATE INDEX calls_by_caller ON calls (caller_number);
CREATE INDEX calls_alive ON calls (call) WHERE ended IS NULL;

CREATE TABLE call_states (
    journal TEXT NOT NULL,
    seq BIGINT NOT NULL,
    nth INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    call TEXT NOT NULL,
    state TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (journal, seq, nth)
);
CREATE INDEX call_states_by_call ON call_states (call);

CREATE TABLE legs (
    call TEXT NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    channel TEXT NOT NULL,
    role TEXT NOT NULL,
    agent TEXT,
    extension TEXT,
    state TEXT NOT NULL,
    started BIGINT NOT NULL,
    answered BIGINT,
    ended BIGINT,
    cause TEXT,
    PRIMARY KEY (call, switch, channel)
);

CREATE TABLE leg_states (
    journal TEXT NOT NULL,
    seq BIGINT NOT NULL,
    nth INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    call TEXT NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (journal, seq, nth)
);
CREATE INDEX leg_states_by_call ON leg_states (call);

CREATE TABLE digits (
    journal TEXT NOT NULL,
    seq BIGINT NOT NULL,
    nth INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    call TEXT NOT NULL,
    channel TEXT NOT NULL,
    key TEXT NOT NULL,
    method TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (journal, seq, nth)
);
CREATE INDEX digits_by_call ON digits (call);

CREATE TABLE block_visits (
    journal TEXT NOT NULL,
    seq BIGINT NOT NULL,
    nth INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    call TEXT NOT NULL,
    flow TEXT NOT NULL,
    block TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (journal, seq, nth)
);
CREATE INDEX block_visits_by_call ON block_visits (call);

CREATE TABLE queue_visits (
    call TEXT NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    entered BIGINT NOT NULL,
    left_at BIGINT,
    reason TEXT,
    PRIMARY KEY (call, queue, entered)
);
CREATE INDEX queue_visits_by_queue ON queue_visits (queue, entered);
CREATE INDEX queue_visits_waiting ON queue_visits (queue) WHERE left_at IS NULL;

CREATE TABLE offers (
    offer TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    -- The agent's switch and the channel that rang there.
    switch TEXT NOT NULL,
    channel TEXT NOT NULL,
    call TEXT NOT NULL,
    agent TEXT NOT NULL,
    started BIGINT NOT NULL,
    ended BIGINT,
    outcome TEXT
);
CREATE INDEX offers_by_call ON offers (call);
CREATE INDEX offers_by_agent ON offers (agent, started);

CREATE TABLE decisions (
    offer TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    call TEXT NOT NULL,
    queue TEXT NOT NULL,
    agent TEXT NOT NULL,
    at BIGINT NOT NULL,
    -- JSON.
    explanation TEXT NOT NULL
);
CREATE INDEX decisions_by_call ON decisions (call);

CREATE TABLE recordings (
    call TEXT NOT NULL,
    -- The number of the command that began it.
    recording BIGINT NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    -- recording, finished, filed or lost.
    status TEXT NOT NULL,
    started BIGINT NOT NULL,
    -- When it was filed or lost.
    settled BIGINT,
    -- Path below the recordings folder.
    name TEXT,
    length_ms BIGINT,
    bytes BIGINT,
    sha256 TEXT,
    -- Why it was lost.
    why TEXT,
    -- The filing order (JSON) while it is finished and not yet settled.
    filing TEXT,
    PRIMARY KEY (call, recording)
);
CREATE INDEX recordings_unsettled ON recordings (call) WHERE settled IS NULL;

-- Agents, queues, links.

CREATE TABLE agents (
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    agent TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    since BIGINT NOT NULL,
    call TEXT,
    until BIGINT,
    PRIMARY KEY (tenant, agent)
);

CREATE TABLE agent_states (
    journal TEXT NOT NULL,
    seq BIGINT NOT NULL,
    nth INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    agent TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    call TEXT,
    at BIGINT NOT NULL,
    until BIGINT,
    PRIMARY KEY (journal, seq, nth)
);
CREATE INDEX agent_states_by_agent ON agent_states (agent, at);

CREATE TABLE queue_states (
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    queue TEXT NOT NULL,
    waiting BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (tenant, site, queue)
);

CREATE TABLE link_history (
    journal TEXT NOT NULL,
    seq BIGINT NOT NULL,
    nth INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    -- up, down or reconciled.
    what TEXT NOT NULL,
    why TEXT,
    adopted BIGINT,
    closed BIGINT,
    at BIGINT NOT NULL,
    PRIMARY KEY (journal, seq, nth)
);
CREATE INDEX link_history_by_time ON link_history (at);

CREATE TABLE command_failures (
    journal TEXT NOT NULL,
    seq BIGINT NOT NULL,
    nth INTEGER NOT NULL,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    call TEXT,
    command BIGINT NOT NULL,
    why TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (journal, seq, nth)
);
CREATE INDEX command_failures_by_call ON command_failures (call);

-- How far each journal has been taken over.

CREATE TABLE projections (
    journal TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    seq BIGINT NOT NULL,
    -- The highest command number seen.
    last_command BIGINT NOT NULL
);

-- People.

CREATE TABLE users (
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    login TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    display_name TEXT NOT NULL,
    language TEXT NOT NULL,
    -- The agent this person is, if any.
    agent TEXT,
    created BIGINT NOT NULL,
    failed_attempts INTEGER NOT NULL,
    locked_until BIGINT,
    PRIMARY KEY (tenant, login)
);

CREATE TABLE sessions (
    -- SHA-256 of the token, in hexadecimal; the token itself is nowhere.
    token_hash TEXT NOT NULL PRIMARY KEY,
    tenant TEXT NOT NULL,
    site TEXT NOT NULL,
    switch TEXT NOT NULL,
    login TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    FOREIGN KEY (tenant, login) REFERENCES users (tenant, login) ON DELETE CASCADE
);
CREATE INDEX sessions_by_user ON sessions (tenant, login);
CREATE INDEX sessions_by_expiry ON sessions (expires);
