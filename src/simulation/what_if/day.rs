//! What came to a centre from outside: who called when, how patient they were
//! and how long they had to say, when agents were there and how their phones
//! were answered. It depends on no setting, so that any settings can meet it.

use crate::engine::event::AgentRequest;
use crate::engine::fact::OfferOutcome;
use crate::engine::id::{AgentId, SwitchId};
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::switch::Digit;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub struct Day {
    pub begins: Timestamp,
    pub ends: Timestamp,
    /// In order of time.
    pub visits: Vec<Visit>,
    /// In order of time.
    pub presence: Vec<Presence>,
    /// How phones were answered, or not; drawn from for every offer.
    pub offers: Vec<OfferSeen>,
    /// How long lists of prompts last, by their names with spaces between.
    pub prompts: BTreeMap<String, Span>,
}

/// One caller.
#[derive(Clone, Debug)]
pub struct Visit {
    pub at: Timestamp,
    pub switch: SwitchId,
    pub caller_number: OutsideText,
    pub dialled: OutsideText,
    pub keys: Vec<KeyPress>,
    /// Hangs up so long after the arrival, if still in a flow.
    pub hangs_up: Option<Span>,
    /// Waits in queues for so long; for ever when none.
    pub patience: Option<Span>,
    /// From the connection to its end.
    pub talk: Span,
    /// Ends wrap-up by themselves after so long; lets it run out when none.
    pub wrap_up: Option<Span>,
}

/// A key, pressed so long after the nth thing was begun to be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPress {
    pub nth: u32,
    pub after: Span,
    pub digit: Digit,
}

/// What an agent asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    pub at: Timestamp,
    pub agent: AgentId,
    pub request: AgentRequest,
}

/// How an offer went, and after how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferSeen {
    pub outcome: OfferOutcome,
    pub after: Span,
}
