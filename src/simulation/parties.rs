//! Legs and those who take part in calls beside caller and serving agent, as the
//! facts tell of them: each begins once, ends once, and ends as it was.

use crate::engine::fact::{Fact, PartyOutcome};
use crate::engine::id::{AgentId, CallId, LegId};
use crate::engine::leg::LegState;
use crate::engine::request::Invitee;
use crate::simulation::violation::Violation;
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
struct OpenLeg {
    call: CallId,
    /// Somebody was there.
    answered: bool,
}

/// Every leg that takes part in a call, and every party.
#[derive(Clone, Debug, Default)]
pub(super) struct Parties {
    legs: BTreeMap<LegId, OpenLeg>,
    parties: BTreeMap<LegId, (CallId, Invitee)>,
}

impl Parties {
    /// Takes in one more fact.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(super) fn apply(&mut self, fact: &Fact) -> Result<(), Violation> {
        match fact {
            Fact::LegStarted { call, leg, .. } => self.started(*call, leg),
            // Found by a run that does not know of its call.
            Fact::LegClosing { call, leg, .. } => {
                let (call, answered) = (*call, false);
                self.legs
                    .entry(leg.clone())
                    .or_insert(OpenLeg { call, answered });
                Ok(())
            }
            Fact::LegMoved { leg, state, .. } => {
                let known = self.legs.get_mut(leg);
                if let Some(known) = known.filter(|_| *state != LegState::Ringing) {
                    known.answered = true;
                }
                Ok(())
            }
            Fact::LegEnded { call, leg, .. } | Fact::LegKept { call, leg } => {
                match self.legs.remove(leg) {
                    Some(known) if known.call == *call => Ok(()),
                    _ => Err(Violation::LegEndedUnknown {
                        leg: leg.clone(),
                        call: *call,
                    }),
                }
            }
            Fact::PartyAdded { call, leg, who, .. } => self.added(*call, leg, who),
            Fact::PartyLeft { leg, outcome, .. } => self.left(leg, *outcome),
            Fact::HandedOver { call, leg, .. }
            | Fact::DialAnswered {
                call, caller: leg, ..
            } => match self.parties.remove(leg) {
                Some(_) => Ok(()),
                None => Err(Violation::NoSuchParty {
                    leg: leg.clone(),
                    call: *call,
                }),
            },
            Fact::CallEnded { call, .. } => match self.parties_of(*call).next() {
                Some((leg, _)) => Err(Violation::EndedWithParty {
                    call: *call,
                    leg: leg.clone(),
                }),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn started(&mut self, call: CallId, leg: &LegId) -> Result<(), Violation> {
        let answered = false;
        match self.legs.insert(leg.clone(), OpenLeg { call, answered }) {
            Some(before) => Err(Violation::LegInTwoCalls {
                leg: leg.clone(),
                call,
                other: before.call,
            }),
            None => Ok(()),
        }
    }

    fn added(&mut self, call: CallId, leg: &LegId, who: &Invitee) -> Result<(), Violation> {
        let elsewhere = who.agent().and_then(|agent| self.call_of(agent));
        self.parties.insert(leg.clone(), (call, who.clone()));
        match (elsewhere, who.agent()) {
            (Some(other), Some(agent)) => Err(Violation::AgentInTwoCalls {
                agent: agent.clone(),
                call,
                other,
            }),
            _ => Ok(()),
        }
    }

    fn left(&mut self, leg: &LegId, outcome: PartyOutcome) -> Result<(), Violation> {
        let Some((call, _)) = self.parties.remove(leg) else {
            return Ok(());
        };
        let not_there = matches!(
            outcome,
            PartyOutcome::NoAnswer
                | PartyOutcome::Busy
                | PartyOutcome::Rejected
                | PartyOutcome::Unreachable
        );
        // One whose leg is told as ended is looked up before.
        let answered = self.legs.get(leg).is_some_and(|leg| leg.answered);
        match not_there && answered {
            true => Err(Violation::WrongOutcome {
                leg: leg.clone(),
                call,
                outcome: outcome.word(),
            }),
            false => Ok(()),
        }
    }

    /// The call that an agent takes part in beside its serving agent.
    pub(super) fn call_of(&self, agent: &AgentId) -> Option<CallId> {
        let mut parties = self.parties.values();
        let own = parties.find(|(_, who)| who.agent() == Some(agent));
        own.map(|(call, _)| *call)
    }

    /// Who takes part in a call beside caller and serving agent.
    pub(super) fn parties_of(&self, call: CallId) -> impl Iterator<Item = (&LegId, &Invitee)> {
        let own = move |entry: &(&LegId, &(CallId, Invitee))| entry.1.0 == call;
        let parties = self.parties.iter().filter(own);
        parties.map(|(leg, (_, who))| (leg, who))
    }

    /// A leg that takes part in a call, if there is one.
    pub(super) fn open_leg(&self) -> Option<(&LegId, CallId)> {
        self.legs
            .first_key_value()
            .map(|(leg, open)| (leg, open.call))
    }
}
