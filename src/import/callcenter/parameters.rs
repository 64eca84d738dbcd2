//! Every parameter of mod_callcenter as of FreeSWITCH 1.10.12, from its source
//! (`queue_set_config`, `load_config`, `load_agent`, `load_tier`).

use crate::import::rule::{OFF, ON, Parameter, near, needless, taken, unless};

/// `<settings>`.
pub(super) const SETTINGS: &[Parameter] = &[
    needless("debug", "what the program logs is set under [log]"),
    needless(
        "dbname",
        "calls and agents are kept in the journal, and in the store of [store]",
    ),
    needless(
        "odbc-dsn",
        "calls and agents are kept in the journal, and in the store of [store]",
    ),
    needless(
        "reserve-agents",
        "an agent is never offered two calls at once",
    ),
    needless(
        "truncate-tiers-on-load",
        "agents serve the queues that the file gives them",
    ),
    needless(
        "truncate-agents-on-load",
        "agents are those that the file gives",
    ),
    needless(
        "global-database-lock",
        "deciding does not go through a database",
    ),
    needless("cc-instance-id", "one controller decides for all switches"),
    taken("agent-originate-timeout"),
];

/// `<queue>`.
pub(super) const QUEUE: &[Parameter] = &[
    taken("strategy"),
    taken("moh-sound"),
    taken("announce-sound"),
    taken("announce-frequency"),
    near(
        "record-template",
        "record = true; recordings are stereo, named by date and call, and kept as [recordings] says",
    ),
    unless(
        "time-base-score",
        &["queue", ""],
        "waiting counts from the entry into the queue; give calls that waited elsewhere a higher \
         priority, by a queue of their own",
    ),
    taken("ring-progressively-delay"),
    taken("tier-rules-apply"),
    taken("tier-rule-wait-second"),
    taken("tier-rule-wait-multiply-level"),
    taken("tier-rule-no-agent-no-wait"),
    needless(
        "discard-abandoned-after",
        "a caller who left has no place to come back to",
    ),
    unless(
        "abandoned-resume-allowed",
        OFF,
        "a caller who left and calls again begins at the end of the queue",
    ),
    taken("max-wait-time"),
    taken("max-wait-time-with-no-agent"),
    needless(
        "max-wait-time-with-no-agent-time-reached",
        "calls are let in as soon as somebody is signed in",
    ),
    taken("agent-no-answer-status"),
    unless(
        "skip-agents-with-external-calls",
        ON,
        "an agent in any call that the controller knows is offered none; for others the device \
         answers busy",
    ),
];

/// `<agent>`.
pub(super) const AGENT: &[Parameter] = &[
    taken("name"),
    taken("type"),
    taken("contact"),
    unless(
        "status",
        &["Logged Out", ""],
        "agents sign in themselves through the API, and keep their state over a restart",
    ),
    taken("max-no-answer"),
    taken("wrap-up-time"),
    taken("reject-delay-time"),
    taken("busy-delay-time"),
    taken("no-answer-delay-time"),
];

/// `<tier>`.
pub(super) const TIER: &[Parameter] = &[
    taken("agent"),
    taken("queue"),
    taken("level"),
    taken("position"),
];
