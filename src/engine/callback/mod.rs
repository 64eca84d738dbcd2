//! Callbacks (virtual hold): somebody keeps a place in a queue without a line,
//! and is dialled when an agent is there.
//!
//! A callback stands in the same lines as calls, with a place, terms and steps
//! of its own, so the planner chooses an agent for it exactly as for a call
//! that waits, and nobody who came later goes before it. Its turn is a call like
//! one that an agent dials (see [`crate::engine::dial_out`]): the agent's device
//! is rung, then the number. The number is dialled at most as often as the queue's
//! settings say; an attempt counts from the moment at which it is ordered, and is
//! durable before the order leaves.
//!
//! | state | what it waits for | then |
//! |---|---|---|
//! | scheduled | a time, or the queue's opening | waiting |
//! | held | the end of a call of the same number | waiting |
//! | waiting | an agent | offered |
//! | offered | the agent's answer | dialling; not answered: waiting |
//! | dialling | the customer's answer | closed as reached; not reached: resting, or closed |
//! | resting | the time of the next attempt | waiting |
//!
//! Rooms: [`dialogue`] (what a caller presses), [`ask`] (requests and their limits),
//! [`line`] (places and times), [`turn`] (agent, number, end).

pub(super) mod ask;
pub(super) mod dialogue;
pub(super) mod line;
pub(super) mod turn;

pub(crate) use dialogue::Dialogue;

use crate::engine::call::Visit;
use crate::engine::id::{AgentId, CallId, QueueId, SwitchId};
use crate::engine::recognition::Recognition;
use crate::engine::request::Principal;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::engine::wishes::{Sought, Wishes};
use crate::switch::{Language, PhoneNumber};
use serde::{Deserialize, Serialize};

/// A callback as it was asked for; nothing of it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackOrder {
    pub queue: QueueId,
    /// In whose lines it waits: a switch that dials outside. The one that dials at
    /// last is the agent's own, if it can.
    pub switch: SwitchId,
    pub number: PhoneNumber,
    #[serde(default, skip_serializing_if = "OutsideText::is_empty")]
    pub name: OutsideText,
    /// For the agent.
    #[serde(default, skip_serializing_if = "OutsideText::is_empty")]
    pub note: OutsideText,
    /// The number that the customer called; what they are shown.
    #[serde(default, skip_serializing_if = "OutsideText::is_empty")]
    pub dialled: OutsideText,
    #[serde(default)]
    pub language: Language,
    /// Its place: when the caller entered the queue, or the time arranged.
    pub entered: Timestamp,
    /// What was known of the caller.
    #[serde(default)]
    pub recognition: Recognition,
    /// Whom they wish to talk to, and whom not.
    #[serde(default, skip_serializing_if = "Wishes::is_empty")]
    pub wishes: Wishes,
    /// The call whose caller pressed the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<CallId>,
    /// Who asked for it in the customer's stead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Principal>,
}

/// How far a callback has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackProgress {
    pub state: CallbackState,
    /// How often the number was dialled.
    #[serde(default)]
    pub attempts: u32,
    /// How often an agent was rung for it.
    #[serde(default)]
    pub offers: u32,
    pub priority: i32,
    /// The step of its queue that it has come to.
    #[serde(default)]
    pub step: usize,
    /// The agents it waits for alone, as long as the time has not come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sought: Option<Sought>,
}

impl CallbackProgress {
    /// It waits for certain agents alone; without them, no longer. It does not
    /// begin to wait for them again.
    pub(crate) fn seek(&mut self, at: Timestamp, sought: Option<Sought>) {
        match (&mut self.sought, sought) {
            (Some(before), None) => before.until = before.until.min(at),
            (own, sought) => *own = sought,
        }
    }

    /// Those it waits for alone at this time.
    pub(crate) fn seeks(&self, at: Timestamp) -> Option<&Sought> {
        self.sought.as_ref().filter(|sought| sought.until > at)
    }
}

/// Where a callback is. Exactly one at any time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum CallbackState {
    /// Its time has not come, or the queue is closed.
    Scheduled { until: Timestamp },
    /// A call of the same number is not over: nobody is dialled who is on the line.
    Held { by: CallId },
    /// In line for an agent.
    Waiting,
    /// An agent is rung for it, by this call.
    Offered { call: CallId, agent: AgentId },
    /// The agent is there, and the number rings.
    Dialling { call: CallId, agent: AgentId },
    /// Nobody was reached; it is tried again.
    Resting { until: Timestamp },
}

impl CallbackState {
    /// The word used in tables, the API and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            CallbackState::Scheduled { .. } => "scheduled",
            CallbackState::Held { .. } => "held",
            CallbackState::Waiting => "waiting",
            CallbackState::Offered { .. } => "offered",
            CallbackState::Dialling { .. } => "dialling",
            CallbackState::Resting { .. } => "resting",
        }
    }

    /// The call by which it has its turn now.
    pub fn call(&self) -> Option<CallId> {
        match self {
            CallbackState::Offered { call, .. } | CallbackState::Dialling { call, .. } => {
                Some(*call)
            }
            _ => None,
        }
    }

    /// When it ends by itself.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            CallbackState::Scheduled { until } | CallbackState::Resting { until } => Some(*until),
            _ => None,
        }
    }
}

/// How a callback ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackEnd {
    /// The customer answered and talked to the agent.
    Reached,
    /// Dialled as often as it may be.
    Unreached,
    Cancelled,
    /// The customer called again and took the place over.
    CalledAgain,
    /// The same number was promised another callback in this queue, which took the place over.
    Replaced,
    /// Agents were rung as often as for any call, and none answered.
    Unserved,
    /// It was not its turn for as long as it is kept.
    Expired,
    /// Its queue is gone from the settings, or calls nobody back any more.
    QueueGone,
}

impl CallbackEnd {
    /// The word used in tables, the API and metrics.
    pub fn word(self) -> &'static str {
        match self {
            CallbackEnd::Reached => "reached",
            CallbackEnd::Unreached => "unreached",
            CallbackEnd::Cancelled => "cancelled",
            CallbackEnd::CalledAgain => "called_again",
            CallbackEnd::Replaced => "replaced",
            CallbackEnd::Unserved => "unserved",
            CallbackEnd::Expired => "expired",
            CallbackEnd::QueueGone => "queue_gone",
        }
    }
}

/// An open callback, as a new run is told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedCallback {
    pub callback: CallId,
    pub order: CallbackOrder,
    pub progress: CallbackProgress,
}

/// An open callback.
#[derive(Debug)]
pub(crate) struct Callback {
    pub(crate) order: CallbackOrder,
    pub(crate) progress: CallbackProgress,
    /// Its place in line; empty unless it is waiting.
    pub(crate) visits: Vec<Visit>,
    /// The call of the last attempt: its legs end before the next one begins.
    pub(crate) last: Option<CallId>,
}

impl Callback {
    /// Whether the place is one that a call of the same number takes over: a time
    /// that was arranged is kept.
    pub(crate) fn gives_way(&self, now: Timestamp) -> bool {
        self.order.entered <= now
    }
}
