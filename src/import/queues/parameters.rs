//! Every parameter of app_queue as of Asterisk 22, from `queues.conf.sample`
//! and its source (`queue_set_global_params`, `queue_set_param`), with those of
//! earlier versions that files still hold.

use crate::import::rule::{OFF, ON, Parameter, lost, near, needless, taken, unless};

const PAUSED: &str = "missed_offers; who is paused is not ready for all of their queues";
const VARIABLES: &str =
    "the dialplan is not gone through; the API tells what is in these variables";

/// `[general]`.
pub(super) const GENERAL: &[Parameter] = &[
    needless(
        "persistentmembers",
        "agents keep their state over a restart",
    ),
    needless(
        "enable_cidname_logging",
        "the caller's name stands with every call",
    ),
    taken("autofill"),
    needless(
        "monitor-type",
        "recordings are made by the switch, both sides apart",
    ),
    needless(
        "shared_lastcall",
        "wrap-up and idle time belong to the agent, whatever the queue",
    ),
    needless("negative_penalty_invalid", "a negative penalty counts as 0"),
    needless("log_membername_as_agent", "records name the agent"),
    unless(
        "log-restricted-caller-id",
        ON,
        "numbers are stored as the switch gives them; keep restricted ones from it in the trunk's \
         settings",
    ),
    unless(
        "log-caller-id-name",
        OFF,
        "the caller's name stands with every call as the switch gives it",
    ),
    needless(
        "log_unpause_on_reason_change",
        "every change of an agent's state is kept",
    ),
    needless(
        "force_longest_waiting_caller",
        "an agent is offered the most urgent call of all queues",
    ),
    needless("updatecdr", "records name the agent"),
    needless("keepstats", "the store keeps every call, over a reload too"),
    needless(
        "eventwhencalled",
        "the live stream of the API tells what happens",
    ),
    needless(
        "eventmemberstatus",
        "the live stream of the API tells what happens",
    ),
];

/// A queue.
pub(super) const QUEUE: &[Parameter] = &[
    taken("musicclass"),
    taken("music"),
    taken("musiconhold"),
    taken("announce"),
    lost(
        "queue-callerannounce",
        "caller and agent are connected at once",
    ),
    taken("strategy"),
    lost(
        "servicelevel",
        "the store has the wait of every call: compare it with any limit there",
    ),
    lost(
        "context",
        "give keys that lead away from waiting in the flow: a menu before the queue",
    ),
    unless(
        "penaltymemberslimit",
        OFF,
        "levels always count; give every member the same penalty, or let a step raise max_level",
    ),
    taken("timeout"),
    needless(
        "retry",
        "the next agent is offered the call at once, and when somebody gets free",
    ),
    needless(
        "timeoutpriority",
        "an agent always rings for ring_s; a call leaves by its flow",
    ),
    taken("weight"),
    taken("wrapuptime"),
    taken("autofill"),
    near("autopause", PAUSED),
    unless(
        "autopausedelay",
        OFF,
        "who misses an offer soon after a call is paused too; let missed_offers count more in a row",
    ),
    near("autopausebusy", PAUSED),
    near("autopauseunavail", PAUSED),
    taken("maxlen"),
    unless("setinterfacevar", OFF, VARIABLES),
    unless("setqueueentryvar", OFF, VARIABLES),
    unless("setqueuevar", OFF, VARIABLES),
    lost("membergosub", VARIABLES),
    lost("membermacro", VARIABLES),
    taken("announce-frequency"),
    needless("min-announce-frequency", "callers are told at one interval"),
    taken("periodic-announce"),
    taken("periodic-announce-frequency"),
    unless(
        "periodic-announce-startdelay",
        OFF,
        "the first one comes after one interval",
    ),
    unless(
        "random-periodic-announce",
        OFF,
        "announcements are played in their order",
    ),
    needless(
        "relative-periodic-announce",
        "the time counts from the end of each announcement",
    ),
    taken("announce-holdtime"),
    taken("announce-position"),
    needless("announce-to-first-user", "no announcement delays an offer"),
    needless("announce-position-limit", "places are told or not told"),
    needless(
        "announce-round-seconds",
        "the wait is told as an interval of minutes",
    ),
    needless(
        "announce-position-only-up",
        "a place is told when its time has come",
    ),
    needless("queue-youarenext", SOUNDS),
    needless("queue-thereare", SOUNDS),
    needless("queue-callswaiting", SOUNDS),
    needless("queue-quantity1", SOUNDS),
    needless("queue-quantity2", SOUNDS),
    needless("queue-holdtime", SOUNDS),
    needless("queue-minute", SOUNDS),
    needless("queue-minutes", SOUNDS),
    needless("queue-seconds", SOUNDS),
    needless("queue-less-than", SOUNDS),
    needless("queue-thankyou", SOUNDS),
    needless("queue-reporthold", SOUNDS),
    near(
        "monitor-format",
        "record = true; recordings are stereo, and kept as [recordings] says",
    ),
    needless(
        "monitor-type",
        "recordings are made by the switch, both sides apart",
    ),
    taken("joinempty"),
    taken("leavewhenempty"),
    taken("reportholdtime"),
    unless(
        "ringinuse",
        OFF,
        "an agent in a call is offered no other one",
    ),
    unless("memberdelay", OFF, "agent and caller are connected at once"),
    unless(
        "timeoutrestart",
        OFF,
        "a busy device ends the offer, and the next agent is rung",
    ),
    lost(
        "defaultrule",
        "write the rule of queuerules.conf as steps of the queue, each with max_level",
    ),
    taken("member"),
    needless(
        "eventwhencalled",
        "the live stream of the API tells what happens",
    ),
    needless(
        "eventmemberstatus",
        "the live stream of the API tells what happens",
    ),
];

const SOUNDS: &str = "places and waits are put together of the words in docs/operations/prompts.md";
