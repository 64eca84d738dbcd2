//! What the centre says of agents' states: why they may be not ready, and what
//! follows when they miss offers.

use crate::engine::event::AgentRequest;
use crate::engine::fact::OfferOutcome;
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU32;

/// How an agent's device is reached for calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// It is rung for each call.
    #[default]
    PerCall,
    /// It is rung once, when the agent signs in, and the leg is kept.
    Standing,
}

/// A reason for being not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotReadyReason {
    /// Shown to people.
    pub name: String,
    /// Shown to people who read English; otherwise `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// Whether the time counts as work.
    #[serde(default)]
    pub productive: bool,
    /// How long it should last at most; the board marks agents who go beyond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Span>,
}

/// The ways to miss an offer that an agent's device or the agent is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    NoAnswer,
    Busy,
    Rejected,
    Unreachable,
}

impl Missed {
    /// None when nobody but us or the caller ended the offer.
    pub fn of(outcome: OfferOutcome) -> Option<Self> {
        match outcome {
            OfferOutcome::NoAnswer => Some(Missed::NoAnswer),
            OfferOutcome::Busy => Some(Missed::Busy),
            OfferOutcome::Rejected => Some(Missed::Rejected),
            OfferOutcome::Unreachable => Some(Missed::Unreachable),
            _ => None,
        }
    }

    /// The word used in tables, the API and metrics: that of the outcome.
    pub fn word(self) -> &'static str {
        match self {
            Missed::NoAnswer => "no_answer",
            Missed::Busy => "busy",
            Missed::Rejected => "rejected",
            Missed::Unreachable => "unreachable",
        }
    }
}

/// What follows when an agent misses offers, for each way to miss one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MissedOffers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_answer: Option<MissedOffer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub busy: Option<MissedOffer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<MissedOffer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<MissedOffer>,
}

impl MissedOffers {
    pub fn get(&self, missed: Missed) -> Option<&MissedOffer> {
        match missed {
            Missed::NoAnswer => self.no_answer.as_ref(),
            Missed::Busy => self.busy.as_ref(),
            Missed::Rejected => self.rejected.as_ref(),
            Missed::Unreachable => self.unreachable.as_ref(),
        }
    }

    /// Every policy that is given.
    pub fn all(&self) -> impl Iterator<Item = &MissedOffer> {
        [
            &self.no_answer,
            &self.busy,
            &self.rejected,
            &self.unreachable,
        ]
        .into_iter()
        .flatten()
    }
}

/// What follows when an agent misses offers in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedOffer {
    /// How long the agent rests before the next offer; where nothing is said,
    /// [`crate::engine::centre::Limits::missed_offer_rest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Span>,
    /// So many in a row, none of them answered between.
    pub in_a_row: NonZeroU32,
    /// What becomes of the agent then, instead of resting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<MissedThen>,
    /// Whether supervisors are told then.
    #[serde(default)]
    pub notify: bool,
}

/// What becomes of an agent who missed too many offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissedThen {
    NotReady { reason: OutsideText },
    SignOut,
}

impl MissedThen {
    pub fn request(&self) -> AgentRequest {
        match self {
            MissedThen::NotReady { reason } => AgentRequest::NotReady {
                reason: reason.clone(),
            },
            MissedThen::SignOut => AgentRequest::SignOut,
        }
    }
}

impl fmt::Display for MissedThen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MissedThen::NotReady { reason } => write!(f, "not_ready:{reason}"),
            MissedThen::SignOut => f.write_str("sign_out"),
        }
    }
}
