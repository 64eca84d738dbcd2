//! A leg arrives: is it ours, new or come back, and what happens to it.

use crate::engine::Engine;
use crate::engine::call::{Call, CallState, Visit};
use crate::engine::cause::Cause;
use crate::engine::command::Commands;
use crate::engine::fact::{EndedBy, Fact, QueueExit};
use crate::engine::id::{CallId, LegId, QueueId, SwitchId};
use crate::engine::ivr::interpreter::{Input, Session};
use crate::engine::leg::{Leg, LegRole, LegState};
use crate::engine::order::Purpose;
use crate::engine::party::Talk;
use crate::engine::recognition::{Block, Recognition};
use crate::engine::time::{Span, Timestamp};
use crate::engine::timer::Reason;
use crate::engine::waiting::Entry;
use crate::engine::wishes::Wishes;
use crate::switch::{
    Arrival, ChannelState, Failure, Language, LegVariable, LegVariables, SwitchCommand,
};
use std::collections::{BTreeMap, BTreeSet};

impl Engine {
    pub(super) fn arrived(&mut self, switch: SwitchId, arrival: Arrival, out: &mut Commands) {
        let leg = LegId {
            switch,
            channel: arrival.channel.clone(),
        };
        if self.closing.contains_key(&leg) {
            return;
        }
        self.strangers.remove(&leg);
        if let Some(call) = self.call_of(&leg) {
            // The dead-man's timer or a fallback path offers the call to us again.
            self.resume(call, out);
            return;
        }
        if let Some(agent) = self.consults_on_phone(&leg, &arrival) {
            return self.consult_on_phone(agent, leg, &arrival, out);
        }
        match place_on_leg(&arrival.variables) {
            Some(place)
                if self.queues.contains_key(place.queue())
                    && !self.calls.contains_key(&place.call) =>
            {
                let call = place.call;
                self.start_call(call, leg, &arrival, out);
                // A list that blocks the caller counts for new calls.
                self.recognise(call, out);
                if let Some(known) = self.calls.get_mut(&call) {
                    known.offers = place.offers;
                }
                self.hold_in_switch(call, out);
                self.enter_queues(call, place.entries(), out);
            }
            _ => self.new_call(leg, &arrival, out),
        }
    }

    fn new_call(&mut self, leg: LegId, arrival: &Arrival, out: &mut Commands) {
        let call = CallId::from_ulid(self.new_ulid());
        let full = self.calls.len() >= self.limits().max_calls as usize;
        let number = self
            .centre
            .as_ref()
            .and_then(|centre| centre.numbers.get(arrival.dialled.as_str()));
        let mut begin = number.map(|number| (number.flow.clone(), number.language));
        self.start_call(call, leg, arrival, out);
        let block = self.recognise(call, out);
        if full {
            return self.end_call(call, Cause::Congestion, out);
        }
        if let Some(block) = block {
            self.note_block(call, &block, out);
            match block {
                Block::Refuse(cause) => return self.end_call(call, cause, out),
                Block::Lead(flow) => {
                    let language = begin.map(|(_, language)| language).unwrap_or_default();
                    begin = Some((flow, language));
                }
            }
        }
        let start = begin.as_ref().and_then(|(flow, _)| {
            self.centre
                .as_ref()?
                .flows
                .get(flow)
                .map(|document| document.start.clone())
        });
        let (Some((flow, language)), Some(start)) = (begin, start) else {
            return self.end_call(call, Cause::UserBusy, out);
        };
        if let Some(known) = self.calls.get_mut(&call) {
            known.language = language;
            known.session = Some(Session::at(flow, start));
        }
        self.hold_in_switch(call, out);
        self.move_call(call, CallState::InFlow, out);
        self.advance(call, Input::Enter, out);
    }

    pub(super) fn start_call(
        &mut self,
        call: CallId,
        leg: LegId,
        arrival: &Arrival,
        out: &mut Commands,
    ) {
        let Some(centre) = &self.centre else { return };
        let (tenant, site) = (centre.tenant.clone(), centre.site.clone());
        let state = match arrival.state {
            ChannelState::Ringing => LegState::Ringing,
            ChannelState::Answered => LegState::Answered,
        };
        out.note(Fact::CallStarted {
            call,
            tenant,
            site,
            switch: leg.switch.clone(),
            caller_number: arrival.caller_number.clone(),
            caller_name: arrival.caller_name.clone(),
            dialled: arrival.dialled.clone(),
        });
        out.note(Fact::LegStarted {
            call,
            leg: leg.clone(),
            role: LegRole::Caller,
            agent: None,
            extension: None,
            number: None,
            confirm: false,
        });
        out.note(Fact::LegMoved {
            call,
            leg: leg.clone(),
            state,
        });
        out.note(Fact::CallMoved {
            call,
            state: CallState::Arrived,
        });
        self.legs.insert(leg.clone(), call);
        self.calls.insert(
            call,
            Call {
                state: CallState::Arrived,
                caller: Leg { id: leg, state },
                caller_number: arrival.caller_number.clone(),
                caller_name: arrival.caller_name.clone(),
                dialled: arrival.dialled.clone(),
                language: Language::default(),
                recognition: Recognition::default(),
                wishes: Wishes::default(),
                session: None,
                flow: None,
                recording: None,
                playback: None,
                visits: Vec::new(),
                announced: 0,
                offers: 0,
                rung: BTreeSet::new(),
                ringing: Vec::new(),
                offer: None,
                briefing: None,
                talk: Talk::default(),
                parties: Vec::new(),
                parking: None,
                served: None,
                leaving: None,
                diverted: None,
                rules_tried: BTreeMap::new(),
                dialler: None,
                devices: Vec::new(),
                callback: None,
                sought: false,
                ending: None,
            },
        );
    }

    /// Puts our state on the leg and arms the dead-man's timer.
    pub(super) fn hold_in_switch(&mut self, call: CallId, out: &mut Commands) {
        let Some(known) = self.calls.get(&call) else {
            return;
        };
        let (leg, dialled) = (known.caller.id.clone(), known.dialled.clone());
        let mut variables = LegVariables::default()
            .with(LegVariable::Call, call)
            .with(LegVariable::Role, LegRole::Caller.word())
            .with(LegVariable::Dialled, dialled);
        if let Some(centre) = &self.centre {
            variables.set(LegVariable::Tenant, &centre.tenant);
        }
        let command = SwitchCommand::SetVariables {
            channel: leg.channel.clone(),
            variables,
        };
        self.order(call, &leg.switch, command, Purpose::Comfort, out);
        self.renew_guard(&leg, out);
    }

    /// Arms or renews the dead-man's timer of a leg that is in our hands.
    pub(super) fn renew_guard(&mut self, leg: &LegId, out: &mut Commands) {
        let Some(call) = self.call_of(leg) else {
            return;
        };
        if self
            .calls
            .get(&call)
            .is_none_or(|call| call.is_talking() || call.ending.is_some() || call.dialler.is_some())
        {
            return;
        }
        let after = self.limits().dead_man;
        let command = SwitchCommand::Guard {
            channel: leg.channel.clone(),
            after,
        };
        let purpose = Purpose::Guard(leg.clone());
        self.order(call, &leg.switch, command, purpose, out);
        let renewal = self.jittered(Span::millis(after.as_millis() / 2));
        self.timers
            .set(Reason::GuardRenewal(leg.clone()), self.now + renewal);
    }

    /// The dead-man's timer was not renewed: what was given the last time runs on,
    /// and is enough for another try.
    pub(super) fn guard_failed(
        &mut self,
        leg: &LegId,
        failure: Option<Failure>,
        out: &mut Commands,
    ) {
        let renewal = Reason::GuardRenewal(leg.clone());
        let Some(planned) = self.timers.get(&renewal) else {
            return;
        };
        match failure {
            // Its deadline has used up much of the time already.
            None => self.renew_guard(leg, out),
            // Gone, or out of reach: the end that is told, or the next list, settles it.
            Some(Failure::NoSuchChannel | Failure::LinkDown) => {}
            Some(_) => {
                let pause = Span::millis(self.limits().dead_man.as_millis() / 8);
                self.timers.set(renewal, planned.min(self.now + pause));
            }
        }
    }

    /// The caller is an agent's now: nothing is renewed, repeated or played any more.
    pub(super) fn let_go_of_caller(&mut self, call: CallId, leg: &LegId) {
        self.timers.clear(&Reason::GuardRenewal(leg.clone()));
        self.timers.clear(&Reason::Resumption(call));
        self.forget_playback(call);
        self.end_dialogue(call);
    }

    /// Decides that a call ends, and asks the switch for it.
    pub(super) fn end_call(&mut self, call: CallId, cause: Cause, out: &mut Commands) {
        self.end_call_by(call, cause, EndedBy::System, out);
    }

    pub(super) fn end_call_by(
        &mut self,
        call: CallId,
        cause: Cause,
        by: EndedBy,
        out: &mut Commands,
    ) {
        let Some(known) = self.calls.get_mut(&call) else {
            return;
        };
        if known.ending.is_some() {
            return;
        }
        known.ending = Some((cause, by));
        out.note(Fact::CallEnding {
            call,
            cause,
            ended_by: by,
        });
        let (leg, answered) = (known.caller.id.clone(), known.caller.is_answered());
        self.timers.clear(&Reason::GuardRenewal(leg.clone()));
        self.leave_queues(call, QueueExit::Failed, out);
        self.close_beside(call, Cause::OriginatorCancel, out);
        if self.keep_line(call, &leg, out) {
            // An agent who dials, on a leg that stands.
            return self.caller_gone(call, cause, out);
        }
        self.end_leg(call, &leg, cause, answered, out);
    }
}

/// The call's places as its leg carries them.
pub(super) struct PlaceOnLeg {
    pub(super) call: CallId,
    /// Its queues, with the priority and the step it has come to in each; never empty.
    queues: Vec<(QueueId, i32, usize)>,
    pub(super) entered: Timestamp,
    offers: u32,
}

impl PlaceOnLeg {
    pub(super) fn queue(&self) -> &QueueId {
        &self.queues[0].0
    }

    pub(super) fn priority(&self) -> i32 {
        self.queues[0].1
    }

    pub(super) fn entries(&self) -> Vec<Entry> {
        let entry = |(queue, priority, step): &(QueueId, i32, usize)| Entry {
            queue: queue.clone(),
            priority: *priority,
            entered: self.entered,
            step: *step,
            sought: None,
        };
        self.queues.iter().map(entry).collect()
    }
}

/// Between several queues on a leg, and between their priorities; no name holds it.
const BETWEEN_QUEUES: char = '/';
/// Between a priority and the step that the call has come to, unless it is the first.
const BEFORE_STEP: char = '.';

pub(super) fn place_on_leg(variables: &LegVariables) -> Option<PlaceOnLeg> {
    let entered = variables.get(LegVariable::Entered)?.parse().ok()?;
    let offers = variables.get(LegVariable::Attempt);
    let names = variables.get(LegVariable::Queue)?.split(BETWEEN_QUEUES);
    let priorities = variables.get(LegVariable::Priority)?.split(BETWEEN_QUEUES);
    let queue = |(name, priority): (&str, &str)| {
        let (priority, step) = priority.split_once(BEFORE_STEP).unwrap_or((priority, "0"));
        Some((
            name.parse().ok()?,
            priority.parse().ok()?,
            step.parse().ok()?,
        ))
    };
    let queues: Vec<_> = names.zip(priorities).map(queue).collect::<Option<_>>()?;
    Some(PlaceOnLeg {
        call: variables.get(LegVariable::Call)?.parse().ok()?,
        queues,
        entered: Timestamp::from_millis(entered),
        offers: offers.and_then(|offers| offers.parse().ok()).unwrap_or(0),
    })
}

/// The variables that carry a call's places; with several queues, the time of
/// the first.
pub(super) fn place_variables(visits: &[Visit], attempt: u32) -> LegVariables {
    let Some(first) = visits.first() else {
        return LegVariables::default();
    };
    let between = BETWEEN_QUEUES.to_string();
    let names: Vec<&str> = visits.iter().map(|visit| visit.queue().as_str()).collect();
    let priority = |visit: &Visit| match visit.terms.step {
        0 => visit.place.priority().to_string(),
        step => format!("{}{BEFORE_STEP}{step}", visit.place.priority()),
    };
    let priorities: Vec<String> = visits.iter().map(priority).collect();
    LegVariables::default()
        .with(LegVariable::Queue, names.join(&between))
        .with(LegVariable::Priority, priorities.join(&between))
        .with(LegVariable::Entered, first.place.entered.as_millis())
        .with(LegVariable::Attempt, attempt)
}
