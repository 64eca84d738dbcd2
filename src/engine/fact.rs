//! Facts: what the engine says is now true. The journal keeps them in order,
//! the store's tables and the live pages are made from nothing else.

use crate::engine::agent::AgentState;
use crate::engine::call::CallState;
use crate::engine::cause::Cause;
use crate::engine::explanation::Explanation;
use crate::engine::id::{
    AgentId, BlockId, CallId, CommandId, FlowId, LegId, OfferId, QueueId, SiteId, SwitchId,
    TenantId,
};
use crate::engine::leg::{LegRole, LegState};
use crate::engine::recording::FiledRecording;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::switch::{Digit, Extension, RecordedMedia};
use serde::{Deserialize, Serialize};

/// One thing that became true at the time of the event that caused it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    CallStarted {
        call: CallId,
        tenant: TenantId,
        site: SiteId,
        switch: SwitchId,
        caller_number: OutsideText,
        caller_name: OutsideText,
        dialled: OutsideText,
    },
    /// The call entered a state (and so left the one before).
    CallMoved {
        call: CallId,
        state: CallState,
    },
    /// The flow reached a block.
    BlockEntered {
        call: CallId,
        flow: FlowId,
        block: BlockId,
    },
    CallEnded {
        call: CallId,
        cause: Cause,
        ended_by: EndedBy,
    },
    LegStarted {
        call: CallId,
        leg: LegId,
        role: LegRole,
        agent: Option<AgentId>,
        extension: Option<Extension>,
    },
    LegMoved {
        call: CallId,
        leg: LegId,
        state: LegState,
    },
    LegEnded {
        call: CallId,
        leg: LegId,
        cause: Cause,
    },
    DigitPressed {
        call: CallId,
        leg: LegId,
        digit: Digit,
    },
    QueueEntered {
        call: CallId,
        queue: QueueId,
        priority: i32,
        entered: Timestamp,
    },
    QueueLeft {
        call: CallId,
        queue: QueueId,
        reason: QueueExit,
    },
    /// Why an agent was chosen for a call.
    Decided {
        call: CallId,
        queue: QueueId,
        offer: OfferId,
        explanation: Explanation,
    },
    Offered {
        offer: OfferId,
        call: CallId,
        agent: AgentId,
        leg: LegId,
    },
    OfferEnded {
        offer: OfferId,
        call: CallId,
        agent: AgentId,
        outcome: OfferOutcome,
    },
    /// An agent entered a state; `until` is when it ends by itself.
    AgentMoved {
        agent: AgentId,
        tenant: TenantId,
        site: SiteId,
        switch: SwitchId,
        state: AgentState,
        call: Option<CallId>,
        until: Option<Timestamp>,
    },
    RecordingStarted {
        call: CallId,
        recording: CommandId,
    },
    RecordingFiled {
        call: CallId,
        recording: CommandId,
        filed: FiledRecording,
    },
    RecordingLost {
        call: CallId,
        recording: CommandId,
        why: OutsideText,
    },
    /// A command failed or was lost, and what it was for.
    CommandFailed {
        call: Option<CallId>,
        command: CommandId,
        why: OutsideText,
    },
    LinkChanged {
        switch: SwitchId,
        up: bool,
        why: OutsideText,
    },
    /// A live leg that the engine did not know, or knew and no longer found.
    Reconciled {
        switch: SwitchId,
        adopted: u32,
        closed: u32,
    },
}

/// How a call's wait in a queue ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueExit {
    /// Connected to an agent.
    Answered,
    /// The caller hung up.
    Abandoned,
    /// Left the controller: the dead-man's timer, a restart of the switch, or
    /// too many offers.
    Failed,
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    Caller,
    Agent,
    /// A flow, a limit or a reconciliation.
    System,
}

/// How an offer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferOutcome {
    Accepted,
    NoAnswer,
    Busy,
    Rejected,
    /// The device could not be reached.
    Unreachable,
    /// The caller left while the agent rang.
    CallerLeft,
    /// Called off because the controller was about to leave.
    Withdrawn,
    /// The command failed or was lost.
    Failed,
}

/// What the store knew when a run began: live calls, agents' states and
/// recordings that are not in the recordings folder yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub calls: Vec<RememberedCall>,
    pub agents: Vec<RememberedAgent>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recordings: Vec<RememberedRecording>,
    /// The highest command id given so far; this run goes on above it.
    pub last_command: CommandId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedCall {
    pub call: CallId,
    pub leg: LegId,
    pub caller_number: OutsideText,
    pub caller_name: OutsideText,
    pub dialled: OutsideText,
    pub started: Timestamp,
    pub state: CallState,
    pub state_since: Timestamp,
    /// The queue it waited in, its priority and time of entry.
    pub waiting: Option<(QueueId, i32, Timestamp)>,
    /// The agent it was connected to and the agent's leg.
    pub agent: Option<(AgentId, LegId)>,
    pub flow: Option<(FlowId, BlockId)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedAgent {
    pub agent: AgentId,
    pub state: AgentState,
    pub since: Timestamp,
    pub call: Option<CallId>,
    pub until: Option<Timestamp>,
}

/// A recording that was neither filed nor lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedRecording {
    pub recording: CommandId,
    pub call: CallId,
    pub switch: SwitchId,
    pub started: Timestamp,
    /// Where its audio lies, when it was complete on the switch.
    pub media: Option<RecordedMedia>,
}
