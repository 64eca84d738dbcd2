//! The live board: what is true now, kept from the engine's facts alone. Its
//! [`keeper`] applies each as it leaves the engine; pages and the API read views of it. It holds live calls only, so it is as large as the centre is busy.

pub mod callbacks;
pub mod keeper;
#[cfg(test)]
mod tests;
pub mod view;

use crate::engine::agent::AgentState;
use crate::engine::call::CallState;
use crate::engine::centre::{AgentSettings, Centre, Missed, NotReadyReason};
use crate::engine::estimate::Estimator;
use crate::engine::fact::{Fact, OfferOutcome, QueueExit, Remembered};
use crate::engine::id::{AgentId, CallId, QueueId, ReasonId, SwitchId};
use crate::engine::line::LineState;
use crate::engine::mailbox::Mailbox;
use crate::engine::text::OutsideText;
use crate::engine::time::Timestamp;
use crate::store::moment::Moment;
use callbacks::{CallbackView, Callbacks};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use view::{AgentView, BoardView, CallView, LinkView, MissedView, QueueView, ReasonView, WaitView};

/// What is true now of queues, agents, calls and links.
#[derive(Debug)]
pub struct Board {
    zone: TimeZone,
    /// The day the tallies belong to.
    day: Option<jiff::civil::Date>,
    queues: BTreeMap<QueueId, Queue>,
    agents: BTreeMap<AgentId, Agent>,
    calls: BTreeMap<CallId, Call>,
    callbacks: Callbacks,
    links: BTreeMap<SwitchId, Link>,
    reasons: BTreeMap<ReasonId, NotReadyReason>,
    estimator: Estimator,
    /// What each agent may look into.
    mailboxes: BTreeMap<AgentId, BTreeSet<Mailbox>>,
}

#[derive(Debug, Default)]
struct Queue {
    name: String,
    priority: i32,
    /// Gone from the settings; shown until its last call has left.
    leaving: bool,
    answered: u32,
    abandoned: u32,
    failed: u32,
}

#[derive(Debug)]
struct Agent {
    name: String,
    /// Gone from the settings; shown until signed out.
    leaving: bool,
    extension: String,
    queues: Vec<QueueId>,
    state: AgentState,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    call: Option<CallId>,
    answered: u32,
    /// Supervisors are to know: missed in this way, so many in a row, since then.
    notice: Option<(Missed, u32, Timestamp)>,
    /// How far their standing leg has come.
    line: Option<LineState>,
}

#[derive(Debug)]
struct Call {
    switch: SwitchId,
    caller_number: OutsideText,
    caller_name: OutsideText,
    dialled: OutsideText,
    started: Timestamp,
    state: CallState,
    since: Timestamp,
    queue: Option<QueueId>,
    priority: i32,
    /// Time of entry, while the call waits.
    entered: Option<Timestamp>,
    /// Who is rung for it, or being connected.
    ringing: Vec<AgentId>,
    /// The agent it is connected with.
    agent: Option<AgentId>,
    /// The slot it is parked in.
    slot: Option<u16>,
}

#[derive(Debug, Default)]
struct Link {
    up: bool,
    since: Option<Timestamp>,
    why: OutsideText,
}

impl Board {
    /// A board before the first fact: everybody signed out, every link down.
    /// "Today" is a day in the system's time zone.
    pub fn new(centre: &Centre) -> Self {
        Self::in_zone(centre, TimeZone::system())
    }

    /// The same, with "today" a day in `zone`.
    pub fn in_zone(centre: &Centre, zone: TimeZone) -> Self {
        let mut board = Self {
            zone,
            day: None,
            queues: BTreeMap::new(),
            agents: BTreeMap::new(),
            calls: BTreeMap::new(),
            callbacks: Callbacks::default(),
            links: BTreeMap::new(),
            reasons: BTreeMap::new(),
            estimator: Estimator::default(),
            mailboxes: BTreeMap::new(),
        };
        board.configure(centre);
        board
    }

    /// Takes over changed settings; what is live stays.
    pub fn configure(&mut self, centre: &Centre) {
        self.estimator.configure(centre);
        self.reasons.clone_from(&centre.not_ready_reasons);
        for (id, queue) in &mut self.queues {
            queue.leaving = !centre.queues.contains_key(id);
        }
        for (id, settings) in &centre.queues {
            let queue = self.queues.entry(id.clone()).or_default();
            queue.name.clone_from(&settings.name);
            queue.priority = settings.priority;
        }
        for (id, agent) in &mut self.agents {
            agent.leaving = !centre.agents.contains_key(id);
        }
        self.agents.retain(|_, agent| !agent.has_left());
        for (id, settings) in &centre.agents {
            let agent = self
                .agents
                .entry(id.clone())
                .or_insert_with(Agent::signed_out);
            agent.name.clone_from(&settings.name);
            agent.extension = settings.extension.to_string();
            let queues = settings.queues.iter().map(|seat| seat.queue.clone());
            agent.queues = queues.collect();
        }
        self.mailboxes = mailboxes_open_to(centre);
        self.links.retain(|id, _| centre.switches.contains(id));
        for id in &centre.switches {
            self.links.entry(id.clone()).or_default();
        }
    }

    /// Forgets what is live, and puts back what is remembered of it.
    pub fn start_over(&mut self, remembered: &Remembered) {
        self.calls.clear();
        self.callbacks = Callbacks::default();
        self.estimator.forget_calls();
        self.remember(remembered);
    }

    /// Puts back what the store knew when the run began.
    pub fn remember(&mut self, remembered: &Remembered) {
        self.estimator.remember(remembered);
        for known in &remembered.calls {
            let visit = known.visits.first();
            self.calls.insert(
                known.call,
                Call {
                    switch: known.leg.switch.clone(),
                    caller_number: known.caller_number.clone(),
                    caller_name: known.caller_name.clone(),
                    dialled: known.dialled.clone(),
                    started: known.started,
                    state: known.state,
                    since: known.state_since,
                    queue: visit.map(|visit| visit.queue.clone()),
                    priority: visit.map_or(0, |visit| visit.priority),
                    entered: visit.map(|visit| visit.entered),
                    ringing: known
                        .ringing
                        .iter()
                        .map(|rung| rung.agent.clone())
                        .collect(),
                    agent: known.offer.as_ref().map(|offer| offer.agent.clone()),
                    slot: known.parking.as_ref().map(|parking| parking.slot),
                },
            );
        }
        self.callbacks.remember(&remembered.callbacks);
        for known in &remembered.agents {
            if let Some(agent) = self.agents.get_mut(&known.agent) {
                agent.state = known.state.clone();
                agent.since = Some(known.since);
                agent.until = known.until;
                agent.call = known.call;
                agent.line = known.line.as_ref().map(|line| line.state);
            }
        }
    }

    /// Makes `fact`, which became true `at`, part of the board.
    pub fn apply(&mut self, at: Timestamp, fact: &Fact) {
        self.turn_day(at);
        self.estimator.apply(at, fact);
        match fact {
            Fact::CallStarted {
                call,
                switch,
                caller_number,
                caller_name,
                dialled,
                ..
            } => {
                self.calls.insert(
                    *call,
                    Call {
                        switch: switch.clone(),
                        caller_number: caller_number.clone(),
                        caller_name: caller_name.clone(),
                        dialled: dialled.clone(),
                        started: at,
                        state: CallState::Arrived,
                        since: at,
                        queue: None,
                        priority: 0,
                        entered: None,
                        ringing: Vec::new(),
                        agent: None,
                        slot: None,
                    },
                );
            }
            Fact::CallMoved { call, state } => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.state = *state;
                    call.since = at;
                    if !matches!(
                        state,
                        CallState::Offered | CallState::Connected | CallState::Ended
                    ) {
                        call.agent = None;
                        call.ringing.clear();
                    }
                    call.slot.take_if(|_| *state != CallState::Parked);
                }
            }
            Fact::CallEnded { call, .. } => {
                self.calls.remove(call);
            }
            Fact::QueueEntered {
                call,
                queue,
                priority,
                entered,
            } => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.queue = Some(queue.clone());
                    call.priority = *priority;
                    call.entered = Some(*entered);
                }
            }
            Fact::QueueLeft {
                call,
                queue,
                reason,
            } => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.entered = None;
                }
                if let Some(queue) = self.queues.get_mut(queue) {
                    let tally = match reason {
                        QueueExit::Answered => Some(&mut queue.answered),
                        QueueExit::Abandoned => Some(&mut queue.abandoned),
                        QueueExit::Failed => Some(&mut queue.failed),
                        // Another queue counts it.
                        QueueExit::AnsweredElsewhere
                        | QueueExit::Moved
                        | QueueExit::Overflowed
                        | QueueExit::CalledBack => None,
                    };
                    if let Some(tally) = tally {
                        *tally = tally.saturating_add(1);
                    }
                }
            }
            Fact::StepReached { call, priority, .. } => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.priority = *priority;
                }
            }
            Fact::Offered { call, agent, .. } => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.ringing.push(agent.clone());
                }
            }
            Fact::OfferEnded {
                call,
                agent,
                outcome,
                ..
            } => {
                let accepted = *outcome == OfferOutcome::Accepted;
                if let Some(call) = self.calls.get_mut(call) {
                    call.ringing.retain(|rung| rung != agent);
                    call.agent.take_if(|connected| connected == agent);
                    if accepted {
                        call.agent = Some(agent.clone());
                    }
                }
                if let Some(agent) = self.agents.get_mut(agent).filter(|_| accepted) {
                    agent.answered = agent.answered.saturating_add(1);
                }
            }
            Fact::AgentMoved {
                agent,
                state,
                call,
                until,
                ..
            } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.state = state.clone();
                    agent.since = Some(at);
                    agent.until = *until;
                    agent.call = *call;
                    agent
                        .notice
                        .take_if(|_| matches!(state, AgentState::OnCall | AgentState::SignedOut));
                }
            }
            Fact::OfferMissed {
                agent,
                missed,
                in_a_row,
                notify: true,
                ..
            } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.notice = Some((*missed, *in_a_row, at));
                }
            }
            Fact::WrapUpExtended { agent, until, .. } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.until = Some(*until);
                }
            }
            Fact::LineMoved { agent, line } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.line = Some(line.state);
                }
            }
            Fact::LineEnded { agent, .. } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.line = None;
                }
            }
            Fact::HandedOver { call, agent, .. } | Fact::DialAnswered { call, agent, .. } => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.agent = Some(agent.clone());
                }
            }
            Fact::Parked { call, parking } => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.slot = Some(parking.slot);
                }
            }
            Fact::LinkChanged { switch, up, why } => {
                let link = self.links.entry(switch.clone()).or_default();
                *link = Link {
                    up: *up,
                    since: Some(at),
                    why: why.clone(),
                };
            }
            Fact::CallbackRequested { .. }
            | Fact::CallbackMoved { .. }
            | Fact::CallbackClosed { .. } => self.callbacks.apply(fact),
            Fact::BlockEntered { .. }
            | Fact::BlockRepeated { .. }
            | Fact::CallEnding { .. }
            | Fact::LegClosing { .. }
            | Fact::LegKept { .. }
            | Fact::AgentRests { .. }
            | Fact::AgentAsked { .. }
            | Fact::OfferMissed { .. }
            | Fact::RecordingAsked { .. }
            | Fact::Asked { .. }
            | Fact::TalkMoved { .. }
            | Fact::PartyAdded { .. }
            | Fact::PartyMoved { .. }
            | Fact::PartyLeft { .. }
            | Fact::DialledOut { .. }
            | Fact::DialsOn { .. }
            | Fact::Drift { .. }
            | Fact::Overdue { .. }
            | Fact::LegStarted { .. }
            | Fact::LegMoved { .. }
            | Fact::LegEnded { .. }
            | Fact::DigitPressed { .. }
            | Fact::Decided { .. }
            | Fact::QueueLearnt { .. }
            | Fact::Overflowed { .. }
            | Fact::Diverted { .. }
            | Fact::MessageAsked { .. }
            | Fact::MessageDropped { .. }
            | Fact::MessageLeft { .. }
            | Fact::MessageMoved { .. }
            | Fact::MessageCalled { .. }
            | Fact::MessageDeleted { .. }
            | Fact::LampSet { .. }
            | Fact::AgentSought { .. }
            | Fact::Recognised { .. }
            | Fact::Wished { .. }
            | Fact::Briefed { .. }
            | Fact::Confirmed { .. }
            | Fact::CallerBlocked { .. }
            | Fact::RecordingStarted { .. }
            | Fact::RecordingFiled { .. }
            | Fact::RecordingLost { .. }
            | Fact::CommandFailed { .. }
            | Fact::Reconciled { .. } => {}
        }
    }

    /// The mailboxes that an agent may look into.
    pub fn mailboxes_open_to(&self, agent: &AgentId) -> BTreeSet<Mailbox> {
        self.mailboxes.get(agent).cloned().unwrap_or_default()
    }

    /// The whole board as of `at`.
    pub fn view(&self, at: Timestamp) -> BoardView {
        BoardView {
            at: moment(at),
            queues: self.queues(at),
            agents: self.agents(at),
            calls: self.calls(),
            links: self.links(),
        }
    }

    /// Every queue, in the order of its id.
    pub fn queues(&self, at: Timestamp) -> Vec<QueueView> {
        let today = self.is_today(at);
        let mut views: BTreeMap<&QueueId, QueueView> = self
            .queues
            .iter()
            .map(|(id, queue)| {
                let tally = |count: u32| if today { count } else { 0 };
                let view = QueueView {
                    id: id.to_string(),
                    name: queue.name.clone(),
                    expected_wait: self
                        .estimator
                        .newcomer(id, queue.priority, at)
                        .map(WaitView::from),
                    answered_today: tally(queue.answered),
                    abandoned_today: tally(queue.abandoned),
                    failed_today: tally(queue.failed),
                    ..QueueView::default()
                };
                (id, view)
            })
            .collect();
        for call in self.calls.values() {
            if let Some(view) = call.queue.as_ref().and_then(|queue| views.get_mut(queue)) {
                view.count(call.state, call.entered);
            }
        }
        for (queue, open) in self.callbacks.counts() {
            if let Some(view) = views.get_mut(queue) {
                view.callbacks = open;
            }
        }
        for agent in self.agents.values() {
            for queue in &agent.queues {
                if let Some(view) = views.get_mut(queue) {
                    view.count_agent(&agent.state);
                }
            }
        }
        views
            .retain(|id, view| !self.queues[*id].leaving || view.waiting > 0 || view.connected > 0);
        views.into_values().collect()
    }

    /// Every agent, in the order of the id.
    pub fn agents(&self, at: Timestamp) -> Vec<AgentView> {
        let today = self.is_today(at);
        self.agents
            .iter()
            .filter(|(_, agent)| !agent.has_left())
            .map(|(id, agent)| agent.view(id, &self.reasons, today))
            .collect()
    }

    /// Why agents may be not ready; empty when every reason is taken.
    pub fn reasons(&self) -> Vec<ReasonView> {
        let reasons = self.reasons.iter();
        reasons
            .map(|(id, reason)| ReasonView::of(id, reason))
            .collect()
    }

    pub fn agent(&self, id: &AgentId, at: Timestamp) -> Option<AgentView> {
        self.agents
            .get(id)
            .filter(|agent| !agent.has_left())
            .map(|agent| agent.view(id, &self.reasons, self.is_today(at)))
    }

    /// How many calls are live.
    pub fn live(&self) -> usize {
        self.calls.len()
    }

    /// Every live call, the oldest first.
    pub fn calls(&self) -> Vec<CallView> {
        self.calls.iter().map(|(id, call)| call.view(*id)).collect()
    }

    pub fn call(&self, id: CallId) -> Option<CallView> {
        self.calls.get(&id).map(|call| call.view(id))
    }

    /// Every open callback, in turn.
    pub fn callbacks(&self) -> Vec<CallbackView> {
        self.callbacks.view()
    }

    /// Every switch's link, in the order of the switch's id.
    pub fn links(&self) -> Vec<LinkView> {
        self.links
            .iter()
            .map(|(id, link)| LinkView {
                switch: id.to_string(),
                up: link.up,
                since: link.since.map(moment),
                why: link.why.to_string(),
            })
            .collect()
    }

    fn turn_day(&mut self, at: Timestamp) {
        if self.is_today(at) {
            return;
        }
        self.day = self.date(at);
        for queue in self.queues.values_mut() {
            (queue.answered, queue.abandoned, queue.failed) = (0, 0, 0);
        }
        for agent in self.agents.values_mut() {
            agent.answered = 0;
        }
    }

    fn is_today(&self, at: Timestamp) -> bool {
        self.day.is_some() && self.day == self.date(at)
    }

    fn date(&self, at: Timestamp) -> Option<jiff::civil::Date> {
        let instant = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
        Some(self.zone.to_datetime(instant).date())
    }
}

impl Agent {
    fn signed_out() -> Self {
        Self {
            name: String::new(),
            leaving: false,
            extension: String::new(),
            queues: Vec::new(),
            state: AgentState::SignedOut,
            since: None,
            until: None,
            call: None,
            answered: 0,
            notice: None,
            line: None,
        }
    }

    fn has_left(&self) -> bool {
        self.leaving && self.state == AgentState::SignedOut
    }

    fn view(
        &self,
        id: &AgentId,
        reasons: &BTreeMap<ReasonId, NotReadyReason>,
        today: bool,
    ) -> AgentView {
        let reason = match &self.state {
            AgentState::NotReady { reason } => Some(reason),
            _ => None,
        };
        let named = reason.and_then(|reason| ReasonId::new(reason.as_str()).ok());
        let named = named.and_then(|id| reasons.get(&id));
        let limit = named.and_then(|named| named.limit);
        AgentView {
            id: id.to_string(),
            name: self.name.clone(),
            extension: self.extension.clone(),
            queues: self.queues.iter().map(QueueId::to_string).collect(),
            state: self.state.word().to_owned(),
            reason: reason.map(ToString::to_string),
            reason_name: named.map(|named| named.name.clone()),
            reason_name_en: named.and_then(|named| named.name_en.clone()),
            reason_until: self
                .since
                .zip(limit)
                .map(|(since, limit)| moment(since + limit)),
            line: self.line.map(|line| line.word().to_owned()),
            missed: self.notice.map(|(missed, in_a_row, at)| MissedView {
                missed: missed.word().to_owned(),
                in_a_row,
                at: moment(at),
            }),
            since: self.since.map(moment),
            until: self.until.map(moment),
            call: self.call.map(|call| call.to_string()),
            answered_today: if today { self.answered } else { 0 },
        }
    }
}

impl Call {
    fn view(&self, id: CallId) -> CallView {
        CallView {
            id: id.to_string(),
            switch: self.switch.to_string(),
            caller_number: self.caller_number.to_string(),
            caller_name: self.caller_name.to_string(),
            dialled: self.dialled.to_string(),
            started: moment(self.started),
            state: self.state.word().to_owned(),
            since: moment(self.since),
            queue: self.queue.as_ref().map(QueueId::to_string),
            priority: self.priority,
            waiting_since: self.entered.map(moment),
            agent: self
                .agent
                .as_ref()
                .or(self.ringing.first())
                .map(AgentId::to_string),
            ringing: self.ringing.iter().map(AgentId::to_string).collect(),
            slot: self.slot,
        }
    }
}

fn moment(at: Timestamp) -> Moment {
    Moment::from_millis(at.as_millis())
}

/// An agent's own mailboxes, and those of the agents they supervise.
fn mailboxes_open_to(centre: &Centre) -> BTreeMap<AgentId, BTreeSet<Mailbox>> {
    let open = |(id, agent): (&AgentId, &AgentSettings)| {
        let mut open = Mailbox::of_supervised(&agent.supervises, centre.agents.iter());
        open.extend(Mailbox::of_agent(id, agent));
        (id.clone(), open)
    };
    centre.agents.iter().map(open).collect()
}
