//! A whole simulated switch as a controller meets it: orders in, events and
//! answers out, in virtual time.

use crate::engine::id::{ChannelId, CommandId};
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
use crate::switch::simulated::wire::{Fate, Wire, WireSettings};
use crate::switch::{Failure, Outcome, SwitchEvent, SwitchOrder};

/// Orders and events under way at once; an order beyond them is answered
/// [`Failure::Overloaded`].
pub const MAX_UNDER_WAY: usize = 100_000;

#[derive(Clone, Debug)]
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

#[derive(Debug)]
enum Due {
    Order(Box<SwitchOrder>),
    Output(Box<SimOutput>),
    LinkCut { lasts: Span },
    LinkUp,
}

#[derive(Debug)]
pub struct Simulation {
    exchange: Exchange,
    wire: Wire,
    agenda: Agenda<Due>,
    link_is_up: bool,
    happened: Vec<Happened>,
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
            link_is_up: false,
            happened: Vec::new(),
        };
        simulation.exchange.begin(from);
        simulation.agenda.add(from, Due::LinkUp);
        simulation
    }

    pub fn tally(&self) -> &Tally {
        self.exchange.tally()
    }

    /// Hands the switch an order. Its answer comes out of [`Simulation::advance`].
    pub fn handle(&mut self, at: Timestamp, order: SwitchOrder) {
        if self.agenda.len() >= MAX_UNDER_WAY {
            self.answer(
                at,
                order.id,
                failed(Failure::Overloaded, "too many orders under way"),
            );
        } else if self.link_is_up {
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
    /// under way are answered [`Failure::LinkDown`].
    pub fn cut_link(&mut self, at: Timestamp, lasts: Span) {
        self.agenda.add(at, Due::LinkCut { lasts });
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
            Due::Order(order) => self.obey(at, &order),
            Due::Output(output) => {
                // What was under way when the link was cut never arrives, but
                // every order is answered.
                if self.link_is_up || matches!(*output, SimOutput::Completed { .. }) {
                    out.push(*output);
                }
            }
            Due::LinkCut { lasts } => {
                if std::mem::replace(&mut self.link_is_up, false) {
                    let why = OutsideText::new("the simulated link was cut");
                    out.push(SimOutput::Event(SwitchEvent::LinkLost { why }));
                    self.agenda.add(at + lasts, Due::LinkUp);
                }
            }
            Due::LinkUp => {
                self.link_is_up = true;
                out.push(SimOutput::Event(SwitchEvent::Snapshot(
                    self.exchange.snapshot(),
                )));
                if let Some((at, lasts)) = self.wire.next_cut(at) {
                    self.agenda.add(at, Due::LinkCut { lasts });
                }
            }
        }
    }

    fn obey(&mut self, at: Timestamp, order: &SwitchOrder) {
        if !self.link_is_up {
            self.answer(at, order.id, link_down());
            return;
        }
        let outcome = match self.wire.command_fate() {
            Fate::IsLost => return,
            Fate::Fails => failed(Failure::Refused, "a simulated fault"),
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
                Happening::Called { .. }
                | Happening::HearsPrompt { .. }
                | Happening::HearsMusic { .. }
                | Happening::HearsNothing { .. }
                | Happening::FellBack { .. } => continue,
            };
            if !self.link_is_up {
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
