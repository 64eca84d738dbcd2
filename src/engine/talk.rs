//! What in-call features are made of: taking the caller into our hands and
//! giving them back, releasing the agent, and whom each leg should be with.

use crate::engine::Engine;
use crate::engine::agent::AgentState;
use crate::engine::call::{Call, CallState};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::fact::Fact;
use crate::engine::id::{AgentId, CallId, LegId, MusicClass};
use crate::engine::leg::LegState;
use crate::engine::order::Purpose;
use crate::engine::party::{Company, PartyRole, Talk};
use crate::engine::timer::Reason;
use crate::switch::SwitchCommand;

impl Engine {
    /// Changes what caller and agent are to each other, and the agent's state
    /// with it.
    pub(super) fn set_talk(&mut self, call: CallId, talk: Talk, out: &mut Commands) {
        let Some(known) = self.calls.get_mut(&call).filter(|call| call.talk != talk) else {
            return;
        };
        known.talk = talk;
        out.note(Fact::TalkMoved { call, talk });
        if let Some(agent) = known.offer.as_ref().map(|offer| offer.agent.clone()) {
            self.agent_is(&agent, state_in(talk), call, out);
        }
    }

    /// An agent is in this state with the call, which is told when it is new.
    pub(super) fn agent_is(
        &mut self,
        id: &AgentId,
        state: AgentState,
        call: CallId,
        out: &mut Commands,
    ) {
        if self
            .agents
            .get(id)
            .is_some_and(|agent| agent.state != state)
        {
            self.move_agent(id, state, Some(call), None, out);
        }
    }

    /// Takes the caller away from whoever they talk to. They are in our hands
    /// when [`Engine::keep_caller`] follows.
    pub(super) fn take_caller(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call).filter(|call| call.is_talking()) else {
            return;
        };
        let caller = known.caller.id.clone();
        let command = match known.company(&caller) {
            Company::With(peer) => SwitchCommand::Part {
                channel: caller.channel.clone(),
                peer: peer.channel,
            },
            Company::Conference => SwitchCommand::Leave {
                channel: caller.channel.clone(),
                conference: call,
            },
            Company::Alone | Company::Unknown => return,
        };
        self.order(call, &caller.switch, command, Purpose::Comfort, out);
        self.timers.clear(&Reason::ApartOverdue(call));
        self.caller_is(call, LegState::Answered, out);
    }

    /// The caller's leg is together with another, or not.
    pub(super) fn caller_is(&mut self, call: CallId, state: LegState, out: &mut Commands) {
        let known = self.calls.get_mut(&call);
        if let Some(known) = known.filter(|call| call.caller.state != state) {
            known.caller.state = state;
            let leg = known.caller.id.clone();
            out.note(Fact::LegMoved { call, leg, state });
        }
    }

    /// Keeps a caller who talks to nobody: guarded in the switch, with music.
    pub(super) fn keep_caller(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let caller = known.caller.id.clone();
        self.renew_guard(&caller, out);
        if known_dials(self.calls.get(&call)) {
            return;
        }
        if let Some(class) = self.hold_music(call) {
            let command = SwitchCommand::Music {
                channel: caller.channel.clone(),
                class,
            };
            self.order(call, &caller.switch, command, Purpose::Comfort, out);
        }
    }

    /// The music of the queue the call came from.
    fn hold_music(&self, call: CallId) -> Option<MusicClass> {
        let served = self.calls.get(&call)?.served.as_ref();
        let queue = served.and_then(|served| self.queues.get(&served.queue));
        match queue {
            Some(queue) => Some(queue.settings.music.clone()),
            None => self.centre.as_ref()?.in_call.music.clone(),
        }
    }

    /// Brings caller and serving agent together, where each of them may be.
    pub(super) fn rejoin(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let Some(offer) = &known.offer else { return };
        let (caller, peer) = (known.caller.id.clone(), offer.leg.id.channel.clone());
        self.set_talk(call, Talk::Together, out);
        self.caller_is(call, LegState::Answered, out);
        self.let_go_of_caller(call, &caller);
        let command = SwitchCommand::Bridge {
            channel: caller.channel,
            peer,
        };
        self.order(call, &caller.switch, command, Purpose::Comfort, out);
        self.expect_company(call);
    }

    /// Asks once more for the bridge of caller and serving agent.
    pub(super) fn bridge_apart(&mut self, call: CallId, out: &mut Commands) {
        let known = self.calls.get(&call);
        let Some((caller, offer)) = known.and_then(|c| Some((&c.caller.id, c.offer.as_ref()?)))
        else {
            return;
        };
        let (switch, command) = (
            caller.switch.clone(),
            SwitchCommand::Bridge {
                channel: caller.channel.clone(),
                peer: offer.leg.id.channel.clone(),
            },
        );
        self.order(call, &switch, command, Purpose::Comfort, out);
    }

    /// The caller should be together with somebody soon.
    pub(super) fn expect_company(&mut self, call: CallId) {
        if let Some(known) = self.calls.get_mut(&call) {
            known.sought = false;
        }
        let overdue = self.now + self.limits().command_deadline;
        self.timers.set(Reason::ApartOverdue(call), overdue);
    }

    /// The serving agent is free of the call, into wrap-up; their leg ends.
    pub(super) fn release_agent(&mut self, call: CallId, out: &mut Commands) {
        let known = self.calls.get(&call);
        let Some(offer) = known.and_then(|call| call.offer.as_ref()) else {
            return;
        };
        let (leg, agent) = (offer.leg.id.clone(), offer.agent.clone());
        let cause = Cause::NormalClearing;
        self.close_leg(call, &leg, Some(&agent), cause, true, out);
        self.finish_with_agent(call, out);
    }

    /// The call that an agent serves, when it is not being ended.
    pub(super) fn served_by(&self, agent: &AgentId) -> Option<CallId> {
        let call = self.agents.get(agent)?.call?;
        let known = self.calls.get(&call)?;
        let serves = known.is_connected() && known.ending.is_none();
        let own = known.offer.as_ref()?.agent == *agent;
        (serves && own).then_some(call)
    }
}

fn known_dials(call: Option<&Call>) -> bool {
    call.is_some_and(|call| call.dialler.is_some())
}

/// What the serving agent does.
pub(super) fn state_in(talk: Talk) -> AgentState {
    match talk {
        Talk::Together | Talk::Conference => AgentState::OnCall,
        Talk::Held => AgentState::Hold,
        Talk::Consulting => AgentState::Consult,
    }
}

impl Call {
    /// Whether anything is other than with a caller who waits, or talks to the
    /// serving agent and nobody else.
    pub(crate) fn is_composed(&self) -> bool {
        self.talk != Talk::Together
            || !self.parties.is_empty()
            || matches!(
                self.state,
                CallState::Parked
                    | CallState::Transferring
                    | CallState::Outside
                    | CallState::Voicemail
            )
    }

    /// Whom a leg of the call should be together with.
    pub(crate) fn company(&self, leg: &LegId) -> Company {
        if self.caller.id == *leg {
            return self.company_of_caller();
        }
        let caller = || Company::With(self.caller.id.clone());
        if let Some(party) = self.party(leg) {
            return match (&party.role, party.leg.state) {
                (_, LegState::Ringing) | (PartyRole::Supervisor { .. }, _) => Company::Unknown,
                (PartyRole::Consulted, _) => match (self.own_line(), &self.offer) {
                    (Some(line), _) => Company::With(line.leg.id.clone()),
                    (None, Some(offer)) => Company::With(offer.leg.id.clone()),
                    (None, None) => Company::Unknown,
                },
                (PartyRole::OwnLine, _) => match self.consulted() {
                    Some(party) => Company::With(party.leg.id.clone()),
                    None => Company::Alone,
                },
                (PartyRole::Member, _) => Company::Conference,
                (PartyRole::Target { .. }, _) => caller(),
            };
        }
        match (self.is_connected(), self.talk) {
            (false, _) => Company::Unknown,
            (true, Talk::Together) => caller(),
            (true, Talk::Held) => Company::Alone,
            (true, Talk::Conference) => Company::Conference,
            (true, Talk::Consulting) => match self.consulted() {
                Some(party) if party.leg.is_answered() && self.own_line().is_none() => {
                    Company::With(party.leg.id.clone())
                }
                _ => Company::Alone,
            },
        }
    }

    fn company_of_caller(&self) -> Company {
        let target = self.target().filter(|target| target.leg.is_answered());
        match (self.state, self.talk) {
            (CallState::Connected, Talk::Together) => match &self.offer {
                Some(offer) => Company::With(offer.leg.id.clone()),
                None => Company::Unknown,
            },
            (CallState::Connected, Talk::Conference) => Company::Conference,
            (CallState::Transferring | CallState::Outside, _) => match target {
                Some(target) => Company::With(target.leg.id.clone()),
                None => Company::Alone,
            },
            _ => Company::Alone,
        }
    }
}
