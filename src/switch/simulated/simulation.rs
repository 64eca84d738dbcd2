//! A whole simulated switch as a controller meets it: orders in, events and
//! answers out, in virtual time.

use crate::engine::event::Event;
use crate::engine::id::{CallId, ChannelId, CommandId, PromptId, SwitchId};
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::switch::simulated::agenda::Agenda;
use crate::switch::simulated::exchange::{Exchange, Happened};
use crate::switch::simulated::happening::Happening;
use crate::switch::simulated::model::ModelSettings;
use crate::switch::simulated::people::PeopleSettings;
use crate::switch::simulated::refusal::Refusal;
use crate::switch::simulated::tally::Tally;
use crate::switch::simulated::tape::Tape;
use crate::switch::simulated::wire::{Fate, Injected, Wire, WireSettings};
use crate::switch::{Failure, LegVariables, Outcome, SwitchEvent, SwitchOrder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Orders and events under way at once; an order beyond them is answered
/// [`Failure::Overloaded`].
pub const MAX_UNDER_WAY: usize = 100_000;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulationSettings {
    pub model: ModelSettings,
    pub people: PeopleSettings,
    pub wire: WireSettings,
}

/// What reaches the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimOutput {
    Event(SwitchEvent),
    Completed {
        command: CommandId,
        outcome: Outcome,
    },
    /// A recording ended. Its file can be written now; then
    /// [`Tape::finished`] is the event that says so.
    Recorded(Tape),
}

impl SimOutput {
    /// What the engine is told of it, when it comes from this switch; a
    /// recording's file counts as written.
    pub fn told(self, switch: &SwitchId) -> Event {
        let event = match self {
            SimOutput::Completed { command, outcome } => {
                return Event::Completed { command, outcome };
            }
            SimOutput::Event(event) => event,
            SimOutput::Recorded(tape) => tape.finished(),
        };
        Event::Switch {
            switch: switch.clone(),
            event,
        }
    }
}

#[derive(Debug)]
enum Due {
    Order(Box<SwitchOrder>),
    Output(Box<SimOutput>),
    LinkCut { lasts: Span },
    Restart { lasts: Span },
    LinkUp,
}

/// Who can hear whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Up,
    /// Cut, or not made yet; the controller is answered that it is down.
    Down,
    /// The controller is gone: it hears nothing at all.
    NoController,
}

#[derive(Debug)]
pub struct Simulation {
    exchange: Exchange,
    wire: Wire,
    agenda: Agenda<Due>,
    link: Link,
    /// Whether the next cut by chance stands in the agenda.
    cut_is_planned: bool,
    happened: Vec<Happened>,
    /// Calls of which a command was made to fail or lost on the way.
    harmed: BTreeSet<CallId>,
    /// Legs whose dead-man's timer expired, and whether they talked.
    fallen_back: Vec<(ChannelId, bool)>,
    /// Double offers that were asked for already.
    rung_twice: u64,
    /// Callers who heard that they will be called back.
    promised: Vec<ChannelId>,
    /// Messages that began to be recorded.
    messages: Vec<CommandId>,
}

impl Simulation {
    /// A switch that the controller is connected to from `from` on: the first
    /// output is its snapshot.
    pub fn new(settings: SimulationSettings, seed: u64, from: Timestamp) -> Self {
        let SimulationSettings {
            model,
            people,
            wire,
        } = settings;
        let mut simulation = Self {
            exchange: Exchange::new(model, people, seed),
            wire: Wire::new(wire, seed),
            agenda: Agenda::default(),
            link: Link::Down,
            cut_is_planned: false,
            happened: Vec::new(),
            harmed: BTreeSet::new(),
            fallen_back: Vec::new(),
            rung_twice: 0,
            promised: Vec::new(),
            messages: Vec::new(),
        };
        simulation.exchange.begin(from);
        simulation.agenda.add(from, Due::LinkUp);
        simulation
    }

    pub fn tally(&self) -> &Tally {
        self.exchange.tally()
    }

    /// What went wrong on the wire so far.
    pub fn injected(&self) -> &Injected {
        &self.wire.injected
    }

    /// Calls of which a command was made to fail or lost on the way.
    pub fn harmed(&self) -> &BTreeSet<CallId> {
        &self.harmed
    }

    /// The channels that are the controller's or wait for it.
    pub fn channels(&self) -> impl Iterator<Item = &ChannelId> {
        self.exchange.channels()
    }

    /// Whether a channel lives, wherever it is.
    pub fn has(&self, channel: &ChannelId) -> bool {
        self.exchange.knows(channel)
    }

    /// What each leg carries of ours.
    pub fn variables(&self) -> impl Iterator<Item = &LegVariables> {
        self.exchange.variables()
    }

    pub fn channel_count(&self) -> usize {
        self.exchange.channel_count()
    }

    /// The legs whose dead-man's timer expired since the last look, and whether
    /// they were in a conversation.
    pub fn take_fallen_back(&mut self) -> Vec<(ChannelId, bool)> {
        std::mem::take(&mut self.fallen_back)
    }

    /// Whether a device was rung since the last look while it rang or talked.
    pub fn take_rung_twice(&mut self) -> bool {
        let seen = self.exchange.tally().double_offered;
        std::mem::replace(&mut self.rung_twice, seen) < seen
    }

    /// The callers who hung up since the last look because they heard nobody.
    pub fn take_left_alone(&mut self) -> Vec<ChannelId> {
        self.exchange.take_left_alone()
    }

    /// The callers who heard since the last look that they will be called back.
    pub fn take_promised(&mut self) -> Vec<ChannelId> {
        std::mem::take(&mut self.promised)
    }

    /// The messages that began to be recorded since the last look.
    pub fn take_messages(&mut self) -> Vec<CommandId> {
        std::mem::take(&mut self.messages)
    }

    /// Whether a finished recording lies on the switch.
    pub fn has_tape(&self, recording: CommandId) -> bool {
        self.exchange.has_tape(recording)
    }

    pub fn link_is_up(&self) -> bool {
        self.link == Link::Up
    }

    /// Hands the switch an order. Its answer comes out of [`Simulation::advance`].
    pub fn handle(&mut self, at: Timestamp, order: SwitchOrder) {
        if self.agenda.len() >= MAX_UNDER_WAY {
            self.answer(
                at,
                order.id,
                failed(Failure::Overloaded, "too many orders under way"),
            );
        } else if self.link == Link::Up {
            let arrives = self.wire.command_arrives(at);
            self.agenda.add(arrives, Due::Order(Box::new(order)));
        } else {
            self.answer(at, order.id, link_down());
        }
    }

    /// One more caller, at once; its channel unless every line is taken.
    pub fn call(&mut self, at: Timestamp) -> Option<ChannelId> {
        let channel = self.exchange.call(at, &mut self.happened);
        self.send_happened();
        channel
    }

    /// Cuts the link for a while. Calls go on; events are lost, and orders
    /// under way are answered [`Failure::LinkDown`], whether the switch read
    /// them before or not.
    pub fn cut_link(&mut self, at: Timestamp, lasts: Span) {
        self.agenda.add(at, Due::LinkCut { lasts });
    }

    /// Restarts the switch: every channel is gone, and the link with them for a while.
    pub fn restart(&mut self, at: Timestamp, lasts: Span) {
        self.agenda.add(at, Due::Restart { lasts });
    }

    /// The controller is gone at once. Of the orders under way the switch may
    /// have read some; nothing more comes out until [`Simulation::attach`].
    pub fn detach(&mut self, at: Timestamp) {
        self.part(at);
        self.agenda.retain(|due| !matches!(due, Due::Output(_)));
        self.link = Link::NoController;
    }

    /// A controller is there (again): its first output is the snapshot.
    pub fn attach(&mut self, at: Timestamp) {
        self.link = Link::Down;
        self.agenda.retain(|due| !matches!(due, Due::LinkUp));
        self.agenda.add(at, Due::LinkUp);
    }

    /// Nothing goes wrong from here on, except what has begun.
    pub fn mend(&mut self) {
        self.wire.mend();
        self.agenda
            .retain(|due| !matches!(due, Due::LinkCut { .. } | Due::Restart { .. }));
    }

    pub fn next_deadline(&self) -> Option<Timestamp> {
        [self.exchange.next_deadline(), self.agenda.next()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets everything due until `now` happen and appends what reaches the
    /// controller by then.
    pub fn advance(&mut self, now: Timestamp, out: &mut Vec<SimOutput>) {
        while let Some(at) = self.next_deadline().filter(|at| *at <= now) {
            self.exchange.advance(at, &mut self.happened);
            self.send_happened();
            while let Some(due) = self.agenda.take_due(at) {
                self.come_due(at, due, out);
            }
        }
    }

    fn come_due(&mut self, at: Timestamp, due: Due, out: &mut Vec<SimOutput>) {
        match due {
            Due::Order(order) => self.take(at, &order),
            Due::Output(output) => {
                // What was under way when the link was cut never arrives, but
                // every order is answered.
                let is_answer = matches!(*output, SimOutput::Completed { .. });
                match self.link {
                    Link::Up => out.push(*output),
                    Link::Down if is_answer => out.push(*output),
                    Link::Down | Link::NoController => {}
                }
            }
            Due::LinkCut { lasts } => {
                self.cut_is_planned = false;
                if self.link == Link::Up {
                    self.wire.injected.link_cuts += 1;
                    self.lose_link(at, lasts, "the simulated link was cut", out);
                }
            }
            Due::Restart { lasts } => {
                self.wire.injected.switch_restarts += 1;
                self.exchange.restart(at);
                if self.link == Link::Up {
                    self.lose_link(at, lasts, "the simulated switch restarted", out);
                }
            }
            Due::LinkUp => {
                self.link = Link::Up;
                out.push(SimOutput::Event(SwitchEvent::Snapshot(
                    self.exchange.snapshot(),
                )));
                if !self.cut_is_planned
                    && let Some((at, lasts)) = self.wire.next_cut(at)
                {
                    self.cut_is_planned = true;
                    self.agenda.add(at, Due::LinkCut { lasts });
                }
            }
        }
    }

    fn lose_link(&mut self, at: Timestamp, lasts: Span, why: &str, out: &mut Vec<SimOutput>) {
        self.part(at);
        let why = OutsideText::new(why);
        out.push(SimOutput::Event(SwitchEvent::LinkLost { why }));
        self.agenda.add(at + lasts, Due::LinkUp);
    }

    /// The connection ends. What the controller wrote before may have been
    /// read, up to some order; the rest never is.
    fn part(&mut self, at: Timestamp) {
        let mut orders = Vec::new();
        self.agenda.retain(|due| match due {
            Due::Order(order) => {
                orders.push(order.clone());
                false
            }
            _ => true,
        });
        let was_up = std::mem::replace(&mut self.link, Link::Down) == Link::Up;
        let mut read = was_up;
        for order in orders {
            read = read && self.wire.read_before_the_cut();
            if read {
                // Its answer is lost with the connection.
                let _ = self
                    .exchange
                    .obey(at, order.id, &order.command, &mut self.happened);
                self.happened.clear();
            }
            self.harmed.insert(order.call);
            self.answer(at, order.id, link_down());
        }
    }

    fn take(&mut self, at: Timestamp, order: &SwitchOrder) {
        if self.link != Link::Up {
            self.answer(at, order.id, link_down());
            return;
        }
        let outcome = match self.wire.command_fate() {
            Fate::IsLost => {
                self.harmed.insert(order.call);
                return;
            }
            Fate::Fails => {
                self.harmed.insert(order.call);
                failed(Failure::Refused, "a simulated fault")
            }
            Fate::Arrives => {
                match self
                    .exchange
                    .obey(at, order.id, &order.command, &mut self.happened)
                {
                    Ok(()) => Outcome::Done,
                    Err(Refusal { why, detail }) => failed(why, detail),
                }
            }
        };
        self.send_happened();
        let arrives = self.wire.answer_arrives(at);
        self.answer(arrives, order.id, outcome);
    }

    fn answer(&mut self, at: Timestamp, command: CommandId, outcome: Outcome) {
        let output = SimOutput::Completed { command, outcome };
        self.agenda.add(at, Due::Output(Box::new(output)));
    }

    /// Puts what happened on the wire.
    fn send_happened(&mut self) {
        for (at, happening) in self.happened.drain(..) {
            let output = match happening {
                Happening::Event(event) => SimOutput::Event(event),
                Happening::Recorded(tape) => SimOutput::Recorded(tape),
                Happening::HearsPrompt { channel, prompts } => {
                    if prompts.iter().any(PromptId::is_promise) {
                        self.promised.push(channel);
                    }
                    continue;
                }
                Happening::RecordsMessage { recording, .. } => {
                    self.messages.push(recording);
                    continue;
                }
                Happening::Called { .. }
                | Happening::HearsMusic { .. }
                | Happening::HearsRingBack { .. }
                | Happening::Listens { .. }
                | Happening::TransferAnswered { .. }
                | Happening::HearsNothing { .. } => continue,
                Happening::FellBack { channel, talked } => {
                    self.fallen_back.push((channel, talked));
                    continue;
                }
            };
            if self.link != Link::Up {
                continue;
            }
            for arrives in self.wire.event_arrives(at) {
                self.agenda
                    .add(arrives, Due::Output(Box::new(output.clone())));
            }
        }
    }
}

fn failed(why: Failure, detail: &str) -> Outcome {
    Outcome::Failed {
        why,
        detail: OutsideText::new(detail),
    }
}

fn link_down() -> Outcome {
    failed(Failure::LinkDown, "the simulated link is down")
}
