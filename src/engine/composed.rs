//! What a switch shows of calls in which more take part than caller and serving
//! agent, or in which these two are apart on purpose.

use crate::engine::Engine;
use crate::engine::call::{Call, CallState};
use crate::engine::command::Commands;
use crate::engine::fact::DriftKind;
use crate::engine::id::{CallId, LegId};
use crate::engine::leg::LegState;
use crate::engine::order::Purpose;
use crate::engine::party::Company;
use crate::engine::reconcile::Found;
use crate::switch::{ChannelState, SwitchCommand};

impl Engine {
    /// Brings a leg of a composed call into the company it should be in. Gives
    /// the call when its caller is to be taken into our hands again.
    pub(super) fn confirm_composed(
        &mut self,
        call: CallId,
        leg: &LegId,
        found: &Found,
        out: &mut Commands,
    ) -> Option<CallId> {
        let known = self.calls.get(&call)?;
        let is_caller = known.caller.id == *leg;
        let peer = found.peer.as_ref();
        let peer = peer.filter(|peer| !self.closing.contains_key(*peer));
        match (known.company(leg), peer) {
            (Company::With(other), Some(peer)) if *peer == other => self.bridged(leg, peer, out),
            (Company::With(other), _) if is_caller && known.state == CallState::Transferring => {
                self.connect_again(call, &other, out);
            }
            (Company::With(_), _) if is_caller => self.came_apart(call, out),
            (Company::With(_), _) if known.party(leg).is_some() => {
                self.connect_again(call, leg, out);
            }
            (Company::Alone, Some(peer)) if known.leg(peer).is_some() => {
                let command = SwitchCommand::Part {
                    channel: leg.channel.clone(),
                    peer: peer.channel.clone(),
                };
                self.order(call, &leg.switch, command, Purpose::Comfort, out);
                return is_caller.then_some(call);
            }
            (Company::Alone, _) if is_caller => return Some(call),
            (Company::Conference, _) if found.is_in(call) => self.joined(leg, call, out),
            (Company::Conference, _) if !self.is_connecting(leg) => {
                self.order_join(call, leg, Purpose::Comfort, out);
            }
            _ => {}
        }
        None
    }

    /// A party that answered is not where it should be.
    fn connect_again(&mut self, call: CallId, leg: &LegId, out: &mut Commands) {
        let known = self.calls.get(&call);
        let party = known.and_then(|call| call.party(leg));
        if party.is_some_and(|party| party.leg.is_answered()) && !self.is_connecting(leg) {
            self.part_of_party(call, leg, out);
            self.party_answered(call, leg, out);
        }
    }
}

impl Found {
    fn is_in(&self, conference: CallId) -> bool {
        let live = self.live.as_ref();
        live.and_then(|live| live.conference) == Some(conference)
    }
}

impl Call {
    /// Whether a list that lags contradicts what is believed of a leg.
    pub(super) fn is_doubtful(&self, leg: &LegId, found: &Found) -> bool {
        match self.company(leg) {
            Company::With(other) => found.peer.as_ref() != Some(&other),
            Company::Alone => found.peer.is_some(),
            Company::Conference | Company::Unknown => true,
        }
    }

    /// What of a live leg was missed.
    pub(super) fn difference(&self, id: CallId, leg: &LegId, found: &Found) -> Option<DriftKind> {
        let own = self.leg(leg)?;
        let is_in = own.state == LegState::Bridged;
        let is_agent = self.offer.as_ref().is_some_and(|o| o.leg.id == *leg);
        let ringing = own.state == LegState::Ringing;
        let missed = ringing && found.state == ChannelState::Answered && found.peer.is_none();
        let answer = missed.then_some(DriftKind::Answer);
        let company = self.company(leg);
        let shows = |there: bool| match (there, is_in) {
            // The other side of what the agent is in tells as much.
            _ if is_agent && company != Company::Conference => None,
            (true, false) => Some(DriftKind::Bridge),
            (false, true) => Some(DriftKind::Parting),
            _ => None,
        };
        match (company.clone(), &found.peer) {
            (Company::With(other), peer) => shows(peer.as_ref() == Some(&other)),
            (Company::Alone, Some(peer)) => self.leg(peer).is_some().then_some(DriftKind::Bridge),
            (Company::Conference, _) if found.live.is_some() => shows(found.is_in(id)),
            (Company::Alone | Company::Unknown | Company::Conference, _) => answer,
        }
    }
}
