//! What the board shows: plain values for pages and the API.

use crate::engine::agent::AgentState;
use crate::engine::call::CallState;
use crate::engine::centre::NotReadyReason;
use crate::engine::estimate::Estimate;
use crate::engine::id::ReasonId;
use crate::engine::time::Timestamp;
use crate::store::moment::Moment;
use serde::Serialize;
use utoipa::ToSchema;

/// Everything that is true now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BoardView {
    /// When this view was taken.
    pub at: Moment,
    pub queues: Vec<QueueView>,
    pub agents: Vec<AgentView>,
    pub calls: Vec<CallView>,
    pub links: Vec<LinkView>,
}

/// One queue now, with its counts of today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueueView {
    pub id: String,
    pub name: String,
    /// Calls waiting, those being offered to an agent included.
    pub waiting: u32,
    /// When the call that waits longest entered the queue.
    pub longest_since: Option<Moment>,
    /// Of those waiting: agents are being rung for them.
    pub offered: u32,
    /// Calls of this queue with an agent.
    pub connected: u32,
    /// Callbacks that are open.
    pub callbacks: u32,
    /// Agents of this queue ready for a call.
    pub agents_ready: u32,
    /// Agents of this queue who are signed in.
    pub agents_signed_in: u32,
    /// How long a call that enters now is expected to wait; absent when nobody
    /// is there to answer it.
    pub expected_wait: Option<WaitView>,
    /// Calls connected to an agent today, since this controller started.
    pub answered_today: u32,
    /// Callers who hung up while waiting, likewise.
    pub abandoned_today: u32,
    /// Waits that ended in neither way, likewise.
    pub failed_today: u32,
}

/// A wait from the entry into the queue to the answer, in milliseconds: four of
/// five end between `low_ms` and `high_ms`, half of them by `median_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct WaitView {
    pub low_ms: u64,
    pub median_ms: u64,
    pub high_ms: u64,
}

impl From<Estimate> for WaitView {
    fn from(estimate: Estimate) -> Self {
        Self {
            low_ms: estimate.low.as_millis(),
            median_ms: estimate.median.as_millis(),
            high_ms: estimate.high.as_millis(),
        }
    }
}

/// One agent now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentView {
    pub id: String,
    pub name: String,
    pub extension: String,
    pub queues: Vec<String>,
    /// `signed_out`, `ready`, `not_ready`, `offered`, `on_call` or `wrap_up`.
    pub state: String,
    /// Why, when not ready.
    pub reason: Option<String>,
    /// The reason's name, when it is one of `/api/not-ready-reasons`.
    pub reason_name: Option<String>,
    /// The same in English.
    pub reason_name_en: Option<String>,
    /// How long the reason should last at most.
    pub reason_until: Option<Moment>,
    /// The standing leg: `wanted`, `ringing` or `open`; absent when there is none.
    pub line: Option<String>,
    /// Supervisors are to know that the agent misses calls; until the next one is answered.
    pub missed: Option<MissedView>,
    /// In this state since then; absent before the first change of this run.
    pub since: Option<Moment>,
    /// When the state ends by itself.
    pub until: Option<Moment>,
    /// The call offered or in progress.
    pub call: Option<String>,
    /// Calls accepted today, since this controller started.
    pub answered_today: u32,
}

/// Offers that an agent missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MissedView {
    /// `no_answer`, `busy`, `rejected` or `unreachable`.
    pub missed: String,
    /// So many without one answered between.
    pub in_a_row: u32,
    pub at: Moment,
}

/// A reason for being not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReasonView {
    /// What is asked for with `not_ready`.
    pub id: String,
    pub name: String,
    /// The name in English, where there is one.
    pub name_en: Option<String>,
    /// Whether the time counts as work.
    pub productive: bool,
    /// How long it should last at most, in seconds.
    pub limit_s: Option<u64>,
}

impl ReasonView {
    pub(super) fn of(id: &ReasonId, reason: &NotReadyReason) -> Self {
        Self {
            id: id.to_string(),
            name: reason.name.clone(),
            name_en: reason.name_en.clone(),
            productive: reason.productive,
            limit_s: reason.limit.map(|limit| limit.as_millis() / 1_000),
        }
    }
}

/// One live call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallView {
    pub id: String,
    pub switch: String,
    /// Empty when withheld.
    pub caller_number: String,
    pub caller_name: String,
    pub dialled: String,
    pub started: Moment,
    /// `arrived`, `in_flow`, `waiting`, `offered`, `connected`, `parked`,
    /// `transferring`, `outside` or `ended`.
    pub state: String,
    /// In this state since then.
    pub since: Moment,
    /// The queue it waits in, or was answered from.
    pub queue: Option<String>,
    pub priority: i32,
    /// Time of entry into the queue, while it waits.
    pub waiting_since: Option<Moment>,
    /// The agent it is connected with, or the first of those rung for it.
    pub agent: Option<String>,
    /// Everybody who is rung for it.
    pub ringing: Vec<String>,
    /// The slot it is parked in.
    pub slot: Option<u16>,
}

/// The link to one switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LinkView {
    pub switch: String,
    pub up: bool,
    /// Up or down since then; absent when it has not come up yet in this run.
    pub since: Option<Moment>,
    /// What the adapter said of the last change.
    pub why: String,
}

impl QueueView {
    pub(super) fn count(&mut self, state: CallState, entered: Option<Timestamp>) {
        match (state, entered) {
            (CallState::Connected, _) => self.connected += 1,
            (_, Some(entered)) => {
                self.waiting += 1;
                self.offered += u32::from(state == CallState::Offered);
                let entered = entered.as_millis();
                if self
                    .longest_since
                    .as_ref()
                    .is_none_or(|longest| entered < longest.ms)
                {
                    self.longest_since = Some(Moment::from_millis(entered));
                }
            }
            (_, None) => {}
        }
    }

    pub(super) fn count_agent(&mut self, state: &AgentState) {
        self.agents_ready += u32::from(*state == AgentState::Ready);
        self.agents_signed_in += u32::from(*state != AgentState::SignedOut);
    }
}
