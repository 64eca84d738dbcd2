//! What a run is told of the one before.

use crate::engine::agent::AgentState;
use crate::engine::call::{CallState, Dialler, Diverted, OfferStage, Parking, Served};
use crate::engine::callback::RememberedCallback;
use crate::engine::cause::Cause;
use crate::engine::centre::Missed;
use crate::engine::estimate::Learnt;
use crate::engine::event::AgentRequest;
use crate::engine::fact::EndedBy;
use crate::engine::id::{
    AgentId, BlockId, CallId, CommandId, FlowId, LegId, OfferId, QueueId, SwitchId,
};
use crate::engine::lamps::{Lamp, Phone};
use crate::engine::leg::LegState;
use crate::engine::line::StandingLeg;
use crate::engine::message::{Envelope, Leaving, Messages};
use crate::engine::party::{PartyRole, Talk};
use crate::engine::patrons::Patrons;
use crate::engine::recognition::Recognition;
use crate::engine::request::Invitee;
use crate::engine::shift::Shift;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::engine::wishes::{Sought, Wishes};
use crate::switch::RecordedMedia;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a new run is told of the one before: see [`crate::engine::memory`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    pub calls: Vec<RememberedCall>,
    pub agents: Vec<RememberedAgent>,
    /// Legs that switches were asked to end and have not yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closing: Vec<RememberedClosing>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recordings: Vec<RememberedRecording>,
    /// What was learnt about queues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learnt: Vec<RememberedLearnt>,
    /// Who served whom last.
    #[serde(default, skip_serializing_if = "Patrons::is_empty")]
    pub patrons: Patrons,
    /// Open callbacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub callbacks: Vec<RememberedCallback>,
    #[serde(default, skip_serializing_if = "Messages::is_empty")]
    pub messages: Messages,
    /// What the lamps of phones were last told, where it is not nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lamps: Vec<(Phone, Lamp)>,
    /// The highest command id given so far; this run goes on above it.
    pub last_command: CommandId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedCall {
    pub call: CallId,
    pub leg: LegId,
    pub leg_state: LegState,
    pub caller_number: OutsideText,
    pub caller_name: OutsideText,
    pub dialled: OutsideText,
    #[serde(default)]
    pub recognition: Recognition,
    #[serde(default, skip_serializing_if = "Wishes::is_empty")]
    pub wishes: Wishes,
    pub started: Timestamp,
    pub state: CallState,
    pub state_since: Timestamp,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<RememberedVisit>,
    /// How many rounds of offers it has had.
    #[serde(default)]
    pub offers: u32,
    #[serde(default)]
    pub talk: Talk,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<RememberedParty>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parking: Option<Parking>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<Served>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<Leaving>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diverted: Option<Diverted>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rules_tried: BTreeMap<QueueId, usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialler: Option<Dialler>,
    /// The devices of the agent who dials that ring beside the call's own leg.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<RememberedDevice>,
    /// The caller was promised a callback.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub called_back: bool,
    /// Who was rung in the present round of offers.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub rung: BTreeSet<AgentId>,
    /// Who is rung for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ringing: Vec<RememberedRinging>,
    /// The agent who answered.
    pub offer: Option<RememberedOffer>,
    pub block: Option<RememberedBlock>,
    /// Why and by whose doing it is being ended, once that is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<(Cause, EndedBy)>,
}

/// A call's wait in one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedVisit {
    pub queue: QueueId,
    pub priority: i32,
    pub entered: Timestamp,
    /// The step it has come to; 0 before the first.
    #[serde(default)]
    pub step: usize,
    /// The agents it waits for alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sought: Option<Sought>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedOffer {
    pub offer: OfferId,
    pub agent: AgentId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueId>,
    pub leg: LegId,
    pub stage: OfferStage,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedRinging {
    pub offer: OfferId,
    pub agent: AgentId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueId>,
    pub devices: Vec<RememberedDevice>,
}

/// A device that rings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedDevice {
    pub leg: LegId,
    pub state: LegState,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub confirm: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedParty {
    pub leg: LegId,
    pub state: LegState,
    pub who: Invitee,
    pub role: PartyRole,
}

/// Where a call is in its flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedBlock {
    pub flow: FlowId,
    pub block: BlockId,
    /// How often the block, a menu, was played.
    pub attempts: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedAgent {
    pub agent: AgentId,
    pub state: AgentState,
    pub since: Timestamp,
    /// Since the last contact ended, or since signing in.
    pub idle_since: Timestamp,
    pub call: Option<CallId>,
    pub until: Option<Timestamp>,
    /// The end of the rest after a missed offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rests_until: Option<Timestamp>,
    /// Asked for while busy with a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<AgentRequest>,
    #[serde(default)]
    pub shift: Shift,
    /// Offers missed since the last one that was answered.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missed: BTreeMap<Missed, u32>,
    /// How often the present or last wrap-up was extended.
    #[serde(default)]
    pub extensions: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<StandingLeg>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedClosing {
    pub leg: LegId,
    pub call: CallId,
    /// Whose device it is, when it is an agent's.
    pub agent: Option<AgentId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedLearnt {
    pub queue: QueueId,
    pub learnt: Learnt,
}

/// A recording that was neither filed nor lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedRecording {
    pub recording: CommandId,
    pub call: CallId,
    pub switch: SwitchId,
    pub started: Timestamp,
    /// Whose message it is to become.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Envelope>,
    /// Where its audio lies, when it was complete on the switch.
    pub media: Option<RecordedMedia>,
}
