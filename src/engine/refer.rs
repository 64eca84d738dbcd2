//! Transfers that a phone asks for by a key of its own (SIP REFER): the same as
//! if the agent had pressed our button, and the phone is told how it ended.

use crate::engine::Engine;
use crate::engine::command::Commands;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId, LegId};
use crate::engine::order::Purpose;
use crate::engine::party::Company;
use crate::engine::request::{CallRequest, Destination, Principal, Refusal, Request};
use crate::engine::text::OutsideText;
use crate::switch::{PhoneNumber, SwitchCommand};

impl Engine {
    pub(super) fn transfer_asked(
        &mut self,
        leg: &LegId,
        to: &OutsideText,
        replaces: Option<LegId>,
        out: &mut Commands,
    ) {
        let Some(call) = self.call_of(leg) else {
            // A leg that serves no call; its phone waits for the answer all the same.
            let lane = CallId::from_ulid(self.new_ulid());
            return self.answer_transfer(lane, leg, None, false, out);
        };
        let peer = self.calls.get(&call).map(|known| known.company(leg));
        let peer = match peer {
            Some(Company::With(peer)) => Some(peer),
            _ => None,
        };
        // A caller's phone, or one outside, has nothing to send anywhere.
        let Some(agent) = self.owner_of(call, leg) else {
            return self.answer_transfer(call, leg, peer.as_ref(), false, out);
        };
        if let Some(other) = replaces {
            return self.replacement_asked(call, agent, (leg, &other), peer.as_ref(), out);
        }
        let meant = self.dialled_by_phone(&agent, to.as_str());
        let serves = self.served_by(&agent) == Some(call);
        let goes = |to: &Destination| serves && self.may_transfer(call, to).is_ok();
        let granted = meant.as_ref().is_ok_and(goes);
        // Granted, the phone hears of it before its leg is let go.
        self.answer_transfer(call, leg, peer.as_ref(), granted, out);
        match meant {
            Ok(to) => self.transfer_by_phone(agent, to, out),
            Err(refusal) => self.refuse_phone(agent, "transfer", to, refusal, out),
        }
    }

    /// The agent whose device a leg of a call is, whatever they are to it.
    fn owner_of(&self, call: CallId, leg: &LegId) -> Option<AgentId> {
        let known = self.calls.get(&call)?;
        let serving = known.offer.as_ref().filter(|offer| offer.leg.id == *leg);
        let serving = serving.map(|offer| &offer.agent);
        let party = known.party(leg).and_then(|party| party.who.agent());
        serving.or(party).cloned()
    }

    fn transfer_by_phone(&mut self, agent: AgentId, to: Destination, out: &mut Commands) {
        let what = Request::InCall {
            agent: agent.clone(),
            ask: CallRequest::Transfer { to },
        };
        // Refused or not, it is noted.
        let _ = self.carry_out(Principal::Device(agent), what, out);
    }

    /// What was not understood is noted as it was dialled.
    pub(super) fn refuse_phone(
        &mut self,
        agent: AgentId,
        ask: &str,
        to: &OutsideText,
        refusal: Refusal,
        out: &mut Commands,
    ) {
        out.note(Fact::Asked {
            call: self.agents.get(&agent).and_then(|agent| agent.call),
            agent: Some(agent.clone()),
            by: Principal::Device(agent),
            ask: OutsideText::new(ask),
            object: to.clone(),
            refused: Some(refusal),
        });
    }

    /// What an agent's phone means by the user part of an address: a code of the
    /// settings, an agent's extension, an access number, the name of a queue or
    /// a flow, and then a number outside.
    pub(super) fn dialled_by_phone(
        &self,
        by: &AgentId,
        text: &str,
    ) -> Result<Destination, Refusal> {
        let unknown = Refusal::NoSuchDestination;
        let centre = self.centre.as_ref().ok_or(unknown)?;
        if let Some(to) = centre.in_call.transfer_codes.get(text) {
            return Ok(to.clone());
        }
        if let Some(agent) = self.agent_at(by, text) {
            return Ok(Destination::Agent(agent));
        }
        if let Some(number) = centre.numbers.get(text) {
            return Ok(Destination::Flow(number.flow.clone()));
        }
        let queue = text.parse().ok().filter(|id| self.queues.contains_key(id));
        let flow = text.parse().ok().filter(|id| centre.flows.contains_key(id));
        let number = || PhoneNumber::new(text).ok().map(Destination::Number);
        let named = queue.map(Destination::Queue);
        let named = named.or(flow.map(Destination::Flow));
        named.or_else(number).ok_or(unknown)
    }

    /// Whose extension this is: one on the same switch comes first.
    fn agent_at(&self, by: &AgentId, extension: &str) -> Option<AgentId> {
        let switch = &self.agents.get(by)?.settings.switch;
        let has = |(_, agent): &(&AgentId, &crate::engine::agent::Agent)| {
            agent.settings.extension.as_str() == extension
        };
        let mut found: Vec<_> = self.agents.iter().filter(has).collect();
        found.sort_by_key(|(_, agent)| agent.settings.switch != *switch);
        found.first().map(|(id, _)| (*id).clone())
    }

    /// Tells the phone. Refused, it is together again with whom it was with, if
    /// its switch had parted them.
    pub(super) fn answer_transfer(
        &mut self,
        call: CallId,
        leg: &LegId,
        peer: Option<&LegId>,
        granted: bool,
        out: &mut Commands,
    ) {
        let command = SwitchCommand::AnswerTransfer {
            channel: leg.channel.clone(),
            peer: peer.map(|peer| peer.channel.clone()),
            granted,
        };
        self.order(call, &leg.switch, command, Purpose::Comfort, out);
    }
}
