//! What is simulated: a centre, its people, and what goes wrong.

use crate::engine::centre::Centre;
use crate::engine::event::AgentRequest;
use crate::engine::id::{AgentId, SwitchId};
use crate::engine::time::{Span, Timestamp};
use crate::switch::simulated::{PerMille, SimulationSettings};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// When every simulation begins: 15 January 2027, 08:00 UTC.
pub const BEGIN: Timestamp = Timestamp::from_millis(1_800_000_000_000);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// Shown to people.
    pub name: String,
    pub centre: Centre,
    /// How long callers call and faults happen.
    pub lasts: Span,
    /// How long everything may take afterwards to come to rest.
    pub settles: Span,
    /// A call answered within this time is answered in time.
    pub answer_within: Span,
    pub switches: BTreeMap<SwitchId, SimulationSettings>,
    /// What agents ask for, in order of time.
    pub requests: Vec<Request>,
    /// What is asked for during calls.
    #[serde(default)]
    pub desk: DeskPlan,
    pub disk: Disk,
    pub faults: FaultPlan,
}

/// What agents and supervisors ask for during calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskPlan {
    /// Mean time from one request to the next; none for no requests.
    pub every: Option<Span>,
    /// How often each is asked for, against the others that fit the moment.
    pub weights: Weights,
    /// Who supervises the others.
    pub supervisors: Vec<AgentId>,
    /// Share of the requests that are supervisors'.
    pub supervision: PerMille,
    /// Share of the requests that are made whatever the moment.
    pub out_of_turn: PerMille,
}

/// How often each request is made, against the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    pub hold: u32,
    pub transfer: u32,
    pub consult: u32,
    pub invite: u32,
    pub park: u32,
    pub send_digits: u32,
    pub hang_up: u32,
    pub dial: u32,
    /// Callbacks asked for in a customer's stead.
    pub arrange: u32,
}

/// An agent asks for something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub after: Span,
    pub agent: AgentId,
    pub request: AgentRequest,
}

/// The disk under the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// From an entry's writing to its being durable.
    pub commit: (Span, Span),
}

impl Default for Disk {
    fn default() -> Self {
        Self {
            commit: (Span::millis(1), Span::millis(8)),
        }
    }
}

/// What goes wrong with the controller and the switches as a whole; what goes
/// wrong on the way between them stands in each switch's wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultPlan {
    /// The controller is killed, and started again after a while.
    pub crashes: Option<Spell>,
    /// A switch restarts and loses its channels.
    pub switch_restarts: Option<Spell>,
    /// The disk stands still.
    pub disk_stalls: Option<Spell>,
    /// The controller's clock is set forward or backward, by at most this.
    pub clock_jumps: Option<Spell>,
    /// Faults at times of their own.
    pub planned: Vec<Planned>,
}

/// Something that happens now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    /// Mean time from one to the next.
    pub every: Span,
    /// How long it lasts, or how far it goes: between these two.
    pub last: (Span, Span),
}

/// A fault at a time of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    pub after: Span,
    pub fault: Fault,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    Crash { lasts: Span },
    LinkCut { switch: SwitchId, lasts: Span },
    SwitchRestart { switch: SwitchId, lasts: Span },
    DiskStall { lasts: Span },
    ClockForward { by: Span },
    ClockBackward { by: Span },
}
