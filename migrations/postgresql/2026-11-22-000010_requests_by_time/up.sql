-- Requests are listed newest first, whatever call they were about.
CREATE INDEX call_steps_asked ON call_steps (tenant, at) WHERE kind = 'asked';
