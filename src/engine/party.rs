//! Whoever takes part in a call beside the caller and the agent who serves it.

use crate::engine::call::Call;
use crate::engine::id::{AgentId, LegId, OfferId};
use crate::engine::leg::{Leg, LegState};
use crate::engine::request::Invitee;
use crate::switch::SupervisionMode;
use serde::{Deserialize, Serialize};

/// One who is rung for a call, or takes part in it.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    /// Its leg is named by [`OfferId::channel`], so that a party who comes to
    /// serve the call is known by the same name.
    pub(crate) id: OfferId,
    /// `Bridged` when it hears and is heard as its role says.
    pub(crate) leg: Leg,
    pub(crate) who: Invitee,
    pub(crate) role: PartyRole,
    pub(crate) astray: Astray,
}

/// Whether a party is apart from those it took part with, though it did not hang up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Astray {
    #[default]
    No,
    Noticed,
    /// Connected again, once.
    BroughtBack,
}

/// What a party is to the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum PartyRole {
    /// Talks to the agent while the caller hears music.
    Consulted,
    /// Talks to everybody.
    Member,
    /// The caller goes to them. When they do not answer, `back` is rung, and
    /// then the caller goes to the queue.
    Target { back: Option<AgentId> },
    /// Hears caller and agent.
    Supervisor { mode: SupervisionMode },
    /// A second call of the serving agent's own phone, by which they talk to
    /// who is consulted.
    OwnLine,
}

impl PartyRole {
    /// The word used in tables and pages.
    pub fn word(&self) -> &'static str {
        match self {
            PartyRole::Consulted => "consulted",
            PartyRole::Member => "member",
            PartyRole::Target { .. } => "target",
            PartyRole::Supervisor { .. } => "supervisor",
            PartyRole::OwnLine => "own_line",
        }
    }
}

/// How caller and serving agent are to each other while a call is connected.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Talk {
    /// They hear each other, or are being connected.
    #[default]
    Together,
    /// The caller hears music, the agent nothing.
    Held,
    /// The caller hears music, and the agent asks somebody else.
    Consulting,
    /// Everybody hears everybody.
    Conference,
}

impl Talk {
    /// The word used in tables and pages.
    pub fn word(self) -> &'static str {
        match self {
            Talk::Together => "together",
            Talk::Held => "held",
            Talk::Consulting => "consulting",
            Talk::Conference => "conference",
        }
    }
}

/// Whom a leg should be together with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Company {
    Alone,
    With(LegId),
    Conference,
    /// The switch does not tell.
    Unknown,
}

impl Party {
    pub(crate) fn is_supervisor(&self) -> bool {
        matches!(self.role, PartyRole::Supervisor { .. })
    }

    pub(crate) fn is_own_line(&self) -> bool {
        self.role == PartyRole::OwnLine
    }

    /// The switch has told that it takes part; of a supervisor it tells nothing.
    pub(crate) fn is_settled(&self) -> bool {
        self.is_in() && !self.is_supervisor()
    }

    /// It answered and hears what it should.
    pub(crate) fn is_in(&self) -> bool {
        self.leg.state == LegState::Bridged
    }
}

impl Call {
    pub(crate) fn party(&self, leg: &LegId) -> Option<&Party> {
        self.parties.iter().find(|party| party.leg.id == *leg)
    }

    pub(crate) fn party_mut(&mut self, leg: &LegId) -> Option<&mut Party> {
        self.parties.iter_mut().find(|party| party.leg.id == *leg)
    }

    pub(crate) fn consulted(&self) -> Option<&Party> {
        let consulted = |party: &&Party| party.role == PartyRole::Consulted;
        self.parties.iter().find(consulted)
    }

    /// To whom the caller is going, or, outside, has gone.
    pub(crate) fn target(&self) -> Option<&Party> {
        let target = |party: &&Party| matches!(party.role, PartyRole::Target { .. });
        self.parties.iter().find(target)
    }

    /// The line on which the serving agent's own phone consults.
    pub(crate) fn own_line(&self) -> Option<&Party> {
        self.parties.iter().find(|party| party.is_own_line())
    }

    /// An agent who takes part beside the serving one.
    pub(crate) fn party_of(&self, agent: &AgentId) -> Option<&Party> {
        let own = |party: &&Party| party.who.agent() == Some(agent) && !party.is_own_line();
        self.parties.iter().find(own)
    }
}
