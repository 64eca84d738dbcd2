//! A consultation that an agent makes on their own phone: it holds the caller,
//! calls somebody by a second call, and may complete the transfer by its own key
//! (SIP REFER with Replaces). It is a consultation like that of our button,
//! except that the agent talks on the second leg.

use crate::engine::Engine;
use crate::engine::call::Call;
use crate::engine::command::Commands;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId, LegId, OfferId};
use crate::engine::leg::{Leg, LegRole, LegState};
use crate::engine::offer::SETTLING;
use crate::engine::order::Purpose;
use crate::engine::party::{Astray, Party, PartyRole};
use crate::engine::request::{CallRequest, Destination, Invitee, Principal, Refusal, Request};
use crate::engine::timer::Reason;
use crate::switch::{Arrival, LegVariable, LegVariables, SwitchCommand};

impl Engine {
    /// Who calls somebody on their own phone while they serve a call.
    pub(super) fn consults_on_phone(&self, leg: &LegId, arrival: &Arrival) -> Option<AgentId> {
        let device = arrival.device.as_ref()?;
        let mut agents = self.agents.iter();
        let own = |(id, agent): &(&AgentId, &crate::engine::agent::Agent)| {
            agent.settings.switch == leg.switch
                && agent.settings.extension == *device
                && self.served_by(id).is_some()
        };
        agents.find(own).map(|(id, _)| id.clone())
    }

    /// The call of their phone becomes a consultation of the call they serve, bound by
    /// what they may dial, or is refused.
    pub(super) fn consult_on_phone(
        &mut self,
        agent: AgentId,
        leg: LegId,
        arrival: &Arrival,
        out: &mut Commands,
    ) {
        let Some(call) = self.served_by(&agent) else {
            return;
        };
        let to = match self.dialled_by_phone(&agent, arrival.dialled.as_str()) {
            Ok(Destination::Agent(agent)) => Ok(Invitee::Agent(agent)),
            Ok(Destination::Number(number)) => Ok(Invitee::Number(number)),
            // Nobody can be talked to there before the caller is.
            Ok(Destination::Queue(_) | Destination::Flow(_)) => Err(Refusal::NoSuchAgent),
            Err(refusal) => Err(refusal),
        };
        let consulted = match to {
            Ok(to) => {
                let what = Request::InCall {
                    agent: agent.clone(),
                    ask: CallRequest::Consult { to },
                };
                self.carry_out(Principal::Device(agent.clone()), what, out)
            }
            Err(refusal) => {
                let (agent, to) = (agent.clone(), &arrival.dialled);
                self.refuse_phone(agent, "consult", to, refusal, out);
                Err(refusal)
            }
        };
        self.add_own_line(call, &leg, &agent, out);
        if consulted.is_err() {
            self.dismiss(call, &leg, out);
        }
    }

    fn add_own_line(&mut self, call: CallId, leg: &LegId, agent: &AgentId, out: &mut Commands) {
        let who = Invitee::Agent(agent.clone());
        out.note(Fact::PartyAdded {
            call,
            leg: leg.clone(),
            who: who.clone(),
            role: PartyRole::OwnLine,
        });
        let known = self.agents.get(agent);
        out.note(Fact::LegStarted {
            call,
            leg: leg.clone(),
            role: LegRole::Party,
            agent: Some(agent.clone()),
            extension: known.map(|agent| agent.settings.extension.clone()),
            number: None,
            confirm: false,
        });
        self.legs.insert(leg.clone(), call);
        let overdue = self.now + self.in_call().ring + SETTLING;
        self.timers.set(Reason::PartyOverdue(leg.clone()), overdue);
        let id = OfferId::from_ulid(self.new_ulid());
        if let Some(known) = self.calls.get_mut(&call) {
            known.parties.push(Party {
                id,
                leg: Leg {
                    id: leg.clone(),
                    state: LegState::Ringing,
                },
                who,
                role: PartyRole::OwnLine,
                astray: Astray::No,
            });
        }
        let command = SwitchCommand::SetVariables {
            channel: leg.channel.clone(),
            variables: LegVariables::default()
                .with(LegVariable::Call, call)
                .with(LegVariable::Role, LegRole::Agent.word())
                .with(LegVariable::Agent, agent),
        };
        self.order(call, &leg.switch, command, Purpose::Comfort, out);
    }

    /// Who is consulted has answered: the agent talks to them on the leg that
    /// consults, which is answered first when it is their own line.
    pub(super) fn connect_consulted(&mut self, call: CallId, agent: &LegId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let consulted = known.consulted().filter(|party| party.leg.is_answered());
        let Some(consulted) = consulted.map(|party| party.leg.id.clone()) else {
            return;
        };
        match known.own_line().map(|line| line.leg.clone()) {
            None => self.connect_party(call, agent, &consulted, out),
            Some(line) if line.is_answered() => {
                self.connect_party(call, &line.id, &consulted, out);
            }
            Some(line) => {
                let channel = line.id.channel;
                let answer = SwitchCommand::Answer { channel };
                self.order(call, &line.id.switch, answer, Purpose::Comfort, out);
            }
        }
    }

    /// The phone asks that who it holds and who it consults by its other call are
    /// put together: `leg` is one of the two, `other` what `Replaces` names.
    pub(super) fn replacement_asked(
        &mut self,
        call: CallId,
        agent: AgentId,
        (leg, other): (&LegId, &LegId),
        peer: Option<&LegId>,
        out: &mut Commands,
    ) {
        let known = self.calls.get(&call);
        let consults = known.is_some_and(|call| call.consults_on(leg, other));
        let refusal = match self.call_of(other) {
            Some(_) if consults && self.served_by(&agent) == Some(call) => None,
            Some(_) => Some(Refusal::NobodyConsulted),
            None => Some(Refusal::NoSuchCall),
        };
        // Granted, the phone hears of it before its legs are let go.
        self.answer_transfer(call, leg, peer, refusal.is_none(), out);
        match refusal {
            None => {
                let what = Request::InCall {
                    agent: agent.clone(),
                    ask: CallRequest::Complete,
                };
                // Refused or not, it is noted.
                let _ = self.carry_out(Principal::Device(agent), what, out);
            }
            Some(refusal) => {
                let nobody = Default::default();
                self.refuse_phone(agent, "complete", &nobody, refusal, out);
            }
        }
    }
}

impl Call {
    /// Whether these are the two legs of a serving agent who consults on the phone.
    fn consults_on(&self, one: &LegId, other: &LegId) -> bool {
        let serving = self.offer.as_ref().map(|offer| &offer.leg.id);
        let line = self.own_line().map(|line| &line.leg.id);
        let both = (serving, line);
        self.consulted().is_some()
            && (both == (Some(one), Some(other)) || both == (Some(other), Some(one)))
    }

    /// Whether these are who is consulted and the line on which they are.
    pub(super) fn is_own_consultation(&self, one: &LegId, other: &LegId) -> bool {
        let consulted = self.consulted().map(|party| &party.leg.id);
        let line = self.own_line().map(|line| &line.leg.id);
        let both = (consulted, line);
        both == (Some(one), Some(other)) || both == (Some(other), Some(one))
    }
}

impl Party {
    pub(super) fn takes_part_in_consultation(&self) -> bool {
        matches!(self.role, PartyRole::Consulted | PartyRole::OwnLine)
    }
}
