//! Runs a scenario: takes whatever is due next, lets it happen, and judges
//! every step.

mod watch;

use crate::engine::command::{Command, Commands};
use crate::engine::event::Event;
use crate::engine::fact::Fact;
use crate::engine::id::{CommandId, LegId, SwitchId};
use crate::engine::recording::{FiledRecording, FilingOrder};
use crate::engine::request::{Request, SupervisorRequest};
use crate::engine::time::{Span, Timestamp};
use crate::simulation::controller::Controller;
use crate::simulation::desk::Desk;
use crate::simulation::ledger::{Circumstances, Ledger};
use crate::simulation::orders::Orders;
use crate::simulation::outcome;
use crate::simulation::place::Places;
use crate::simulation::report::{Calls, Found, QueueReport, Recoveries, Report, count_faults};
use crate::simulation::scenario::{BEGIN, Fault, FaultPlan, Scenario, Spell};
use crate::simulation::tail::Entry;
use crate::simulation::trace::Trace;
use crate::simulation::violation::Violation;
use crate::switch::simulated::agenda::Agenda;
use crate::switch::simulated::chance::Chance;
use crate::switch::simulated::{SimOutput, Simulation};
use crate::switch::{Outcome, SwitchEvent, SwitchOrder};
use std::collections::BTreeMap;
use std::io::Write;

/// Steps at one moment of virtual time after which nothing new can be expected.
const MOST_STEPS_AT_ONCE: u32 = 20_000;
/// A centre of this many calls and agents is checked whole after every step; a
/// larger one after so many more steps as keep the work the same.
const CHECKED_EVERY_STEP: usize = 250;
/// From a recording's order to its file in the folder.
const FILING: Span = Span::millis(200);
/// Milliseconds of every filed recording: long enough for a message.
const FILED_MS: u64 = 10_000;

/// Something of the simulation's own.
#[derive(Debug)]
enum Due {
    Request(usize),
    /// Somebody may want something during a call.
    Desk,
    Filed(CommandId),
    Crash {
        lasts: Span,
        next: Option<Spell>,
    },
    Start,
    Restart {
        next: Spell,
    },
    Stall {
        next: Spell,
    },
    Jump {
        next: Spell,
    },
    Planned(Fault),
    /// Faults stop.
    Mend,
}

struct Harness<'a> {
    scenario: &'a Scenario,
    seed: u64,
    now: Timestamp,
    steps: u64,
    at_once: u32,
    switches: BTreeMap<SwitchId, Simulation>,
    controller: Controller,
    agenda: Agenda<Due>,
    chance: Chance,
    disk: Chance,
    desk: Desk,
    trace: Trace<'a>,
    ledger: Ledger,
    orders: Orders,
    /// The place each call was given first in a queue, in any run.
    places: Places,
    /// The crash that comes with the next step, and how long it lasts.
    crashes: Option<Span>,
    /// The last time something disturbed the renewing of timers.
    disturbed: Timestamp,
    /// Events lost so far, and legs that switches took away from others.
    unheard: u64,
    starting: bool,
    mended: bool,
    until_full_check: u32,
    faults: BTreeMap<&'static str, u64>,
    recoveries: Recoveries,
}

/// Why a simulation could not be run to its end.
#[derive(Debug, thiserror::Error)]
#[error("the trace cannot be written")]
pub struct TraceError(#[from] std::io::Error);

/// A rule was broken, or the trace could not be written.
enum Stop {
    Broken(Violation),
    Trace(std::io::Error),
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Stop::Broken(violation)
    }
}

/// Runs a scenario with a seed. The trace is written to `trace` when it is given.
///
/// # Errors
/// [`TraceError`] when the trace cannot be written.
pub fn run<'a>(
    scenario: &'a Scenario,
    seed: u64,
    trace: Option<&'a mut dyn Write>,
) -> Result<Report, TraceError> {
    Harness::new(scenario, seed, trace).run()
}

impl<'a> Harness<'a> {
    fn new(scenario: &'a Scenario, seed: u64, trace: Option<&'a mut dyn Write>) -> Self {
        let switches = scenario.switches.iter().enumerate();
        let switches = switches.map(|(nth, (id, settings))| {
            let seed = seed ^ (nth as u64) << 48;
            (id.clone(), Simulation::new(settings.clone(), seed, BEGIN))
        });
        let mut harness = Self {
            scenario,
            seed,
            now: BEGIN,
            steps: 0,
            at_once: 0,
            switches: switches.collect(),
            controller: Controller::new(seed),
            agenda: Agenda::default(),
            chance: Chance::new(seed, "faults"),
            disk: Chance::new(seed, "disk"),
            desk: Desk::new(scenario.desk.clone(), seed),
            trace: Trace::new(trace),
            ledger: Ledger::default(),
            orders: Orders::default(),
            places: Places::new(),
            crashes: None,
            disturbed: BEGIN,
            unheard: 0,
            starting: true,
            mended: false,
            until_full_check: 0,
            faults: BTreeMap::new(),
            recoveries: Recoveries::default(),
        };
        harness.plan();
        harness
    }

    fn plan(&mut self) {
        for (nth, request) in self.scenario.requests.iter().enumerate() {
            self.agenda.add(BEGIN + request.after, Due::Request(nth));
        }
        self.plan_desk();
        let FaultPlan {
            crashes,
            switch_restarts,
            disk_stalls,
            clock_jumps,
            planned,
        } = &self.scenario.faults;
        if let Some(spell) = *crashes {
            self.plan_crash(spell);
        }
        if let Some(spell) = *switch_restarts {
            self.plan_next(spell, |next| Due::Restart { next });
        }
        if let Some(spell) = *disk_stalls {
            self.plan_next(spell, |next| Due::Stall { next });
        }
        if let Some(spell) = *clock_jumps {
            self.plan_next(spell, |next| Due::Jump { next });
        }
        for planned in planned {
            self.agenda
                .add(BEGIN + planned.after, Due::Planned(planned.fault.clone()));
        }
        self.agenda.add(BEGIN + self.scenario.lasts, Due::Mend);
    }

    fn plan_next(&mut self, spell: Spell, due: fn(Spell) -> Due) {
        let at = self.now + self.chance.around(spell.every);
        self.agenda.add(at, due(spell));
    }

    fn plan_desk(&mut self) {
        if let Some(after) = self.desk.next() {
            self.agenda.add(self.now + after, Due::Desk);
        }
    }

    fn plan_crash(&mut self, spell: Spell) {
        let at = self.now + self.chance.around(spell.every);
        let lasts = self.chance.between(spell.last);
        let next = Some(spell);
        self.agenda.add(at, Due::Crash { lasts, next });
    }

    fn run(mut self) -> Result<Report, TraceError> {
        let ended = self.start().and_then(|()| self.pass());
        let ended = ended.and_then(|()| self.judge_end());
        let violation = match ended {
            Ok(()) => None,
            Err(Stop::Broken(violation)) => Some(violation),
            Err(Stop::Trace(error)) => return Err(TraceError(error)),
        };
        Ok(self.report(violation))
    }

    fn end(&self) -> Timestamp {
        BEGIN + self.scenario.lasts + self.scenario.settles
    }

    /// Lets time pass until everything is at rest, or the time is over.
    fn pass(&mut self) -> Result<(), Stop> {
        while let Some(next) = self.next().filter(|next| *next <= self.end()) {
            if next > self.now {
                self.at_once = 0;
                self.now = next;
                if self.mended && self.is_at_rest() {
                    return Ok(());
                }
            }
            self.controller.look_at_clock(self.now);
            self.keep_durable();
            while let Some(due) = self.agenda.take_due(self.now) {
                self.come_due(due)?;
            }
            self.hear_switches()?;
            let wakes = self.controller.next_deadline(self.now);
            if wakes.is_some_and(|at| at <= self.now) {
                self.step(Event::Due)?;
            }
        }
        Ok(())
    }

    fn next(&self) -> Option<Timestamp> {
        let switches = self.switches.values().filter_map(Simulation::next_deadline);
        [
            self.controller.next_deadline(self.now),
            self.controller.tail.next(),
            self.agenda.next(),
        ]
        .into_iter()
        .flatten()
        .chain(switches)
        .min()
    }

    fn is_at_rest(&self) -> bool {
        let engine = self.controller.engine.as_ref();
        engine.is_some_and(|engine| {
            outcome::is_at_rest(engine, &self.switches) && self.ledger.judge_end(engine).is_ok()
        })
    }

    fn judge_end(&mut self) -> Result<(), Stop> {
        if let Some(engine) = &self.controller.engine {
            outcome::judge(engine, &self.switches)?;
            self.ledger.compare(engine)?;
            self.ledger.judge_end(engine)?;
        }
        Ok(())
    }

    /// Takes in entries that are on the disk by now, and lets their orders go.
    fn keep_durable(&mut self) {
        while let Some(entry) = self.controller.tail.take_durable(self.now) {
            let durable = &mut self.controller.durable;
            durable.memory.entry(entry.at, &entry.commands);
            for order in entry.gated {
                send(&mut self.switches, self.now, order);
            }
            for command in &entry.commands {
                if let Command::Note(fact) = command {
                    // Judged when it was told.
                    let mut circumstances = Circumstances {
                        centre: &self.scenario.centre,
                        at: entry.at,
                        places: &mut self.places,
                        harmed: &|_| true,
                        alive: &|_| false,
                        ordered: &|_| false,
                        taped: &|_| false,
                    };
                    let _ = durable.ledger.apply(fact, &mut circumstances);
                }
            }
        }
    }

    fn come_due(&mut self, due: Due) -> Result<(), Stop> {
        match due {
            Due::Request(nth) => {
                let request = &self.scenario.requests[nth];
                let (agent, request) = (request.agent.clone(), request.request.clone());
                if self.controller.engine.is_none() {
                    // Nobody is there to ask; asked again when somebody is.
                    self.agenda
                        .add(self.now + Span::seconds(1), Due::Request(nth));
                    return Ok(());
                }
                self.ledger.asked(&agent);
                self.controller.durable.ledger.asked(&agent);
                self.step(Event::Agent { agent, request })?;
            }
            Due::Desk => self.ask()?,
            Due::Filed(recording) => {
                let filed = FiledRecording {
                    name: format!("{recording}.wav"),
                    length_ms: FILED_MS,
                    heard_ms: None,
                    bytes: 0,
                    sha256: "0".repeat(64),
                };
                self.step(Event::RecordingFiled { recording, filed })?;
            }
            Due::Crash { lasts, next } => {
                self.crashes = Some(lasts);
                if let Some(spell) = next {
                    self.plan_crash(spell);
                }
            }
            Due::Start => self.start()?,
            Due::Restart { next } => {
                let switches: Vec<SwitchId> = self.switches.keys().cloned().collect();
                let lasts = self.chance.between(next.last);
                if let Some(switch) = self.chance.pick(&switches) {
                    self.fault(Fault::SwitchRestart {
                        switch: switch.clone(),
                        lasts,
                    });
                }
                self.plan_next(next, |next| Due::Restart { next });
            }
            Due::Stall { next } => {
                let lasts = self.chance.between(next.last);
                self.fault(Fault::DiskStall { lasts });
                self.plan_next(next, |next| Due::Stall { next });
            }
            Due::Jump { next } => {
                let by = self.chance.between(next.last);
                let forward = self.chance.happens(500);
                self.fault(if forward {
                    Fault::ClockForward { by }
                } else {
                    Fault::ClockBackward { by }
                });
                self.plan_next(next, |next| Due::Jump { next });
            }
            Due::Planned(fault) => self.fault(fault),
            Due::Mend => {
                self.mended = true;
                self.desk.close();
                self.agenda.retain(|due| {
                    matches!(
                        due,
                        Due::Request(_) | Due::Desk | Due::Filed(_) | Due::Start
                    )
                });
                for switch in self.switches.values_mut() {
                    switch.mend();
                }
            }
        }
        Ok(())
    }

    /// Lets somebody ask for something about a call.
    fn ask(&mut self) -> Result<(), Stop> {
        self.plan_desk();
        // What is due goes first, so that all that follows is the request's.
        let wakes = self.controller.next_deadline(self.now);
        if wakes.is_some_and(|at| at <= self.now) {
            self.step(Event::Due)?;
        }
        let Some(engine) = &self.controller.engine else {
            return Ok(());
        };
        let Some(event) = self.desk.ask(engine, &self.scenario.centre) else {
            return Ok(());
        };
        if let Event::Asked {
            what:
                Request::Supervision {
                    ask: SupervisorRequest::SetState { agent, .. },
                },
            ..
        } = &event
        {
            self.ledger.asked(agent);
            self.controller.durable.ledger.asked(agent);
        }
        self.step(event)
    }

    fn fault(&mut self, fault: Fault) {
        self.disturbed = self.now;
        let now = self.now;
        match fault {
            Fault::Crash { lasts } => self.crashes = Some(lasts),
            Fault::LinkCut { switch, lasts } => {
                if let Some(switch) = self.switches.get_mut(&switch) {
                    switch.cut_link(now, lasts);
                }
            }
            Fault::SwitchRestart { switch, lasts } => {
                if let Some(switch) = self.switches.get_mut(&switch) {
                    switch.restart(now, lasts);
                }
            }
            Fault::DiskStall { lasts } => {
                self.count("disk_stalls");
                self.controller.tail.stall(now + lasts);
            }
            Fault::ClockForward { by } => {
                self.count("clock_jumps");
                self.controller.skew.forward(by);
            }
            Fault::ClockBackward { by } => {
                self.count("clock_jumps");
                self.controller.skew.backward(by);
            }
        }
    }

    fn count(&mut self, fault: &'static str) {
        *self.faults.entry(fault).or_default() += 1;
    }

    /// Starts the controller, for the first time or after a crash.
    fn start(&mut self) -> Result<(), Stop> {
        if self.recoveries.restarts > 0 {
            self.ledger = self.controller.durable.ledger.clone();
            self.recoveries.calls_remembered += self.ledger.live() as u64;
        }
        // Half told, the engine cannot agree with the facts yet.
        self.starting = true;
        for event in self.controller.start(self.now, &self.scenario.centre) {
            self.starting = !matches!(event, Event::Remembered { .. });
            self.step(event)?;
        }
        for switch in self.switches.values_mut() {
            switch.attach(self.now);
        }
        self.disturbed = self.now;
        Ok(())
    }

    /// What reached the controller from its switches.
    fn hear_switches(&mut self) -> Result<(), Stop> {
        let mut heard = Vec::new();
        for (id, switch) in &mut self.switches {
            let mut outputs = Vec::new();
            switch.advance(self.now, &mut outputs);
            heard.extend(outputs.into_iter().map(|output| (id.clone(), output)));
        }
        for (switch, output) in heard {
            self.note(&switch, &output);
            self.step(output.told(&switch))?;
        }
        self.judge_switches()
    }

    /// Keeps what later judgements need of what a switch said.
    fn note(&mut self, switch: &SwitchId, output: &SimOutput) {
        match output {
            SimOutput::Completed { command, outcome } => {
                self.orders.answered(*command, *outcome == Outcome::Done);
            }
            SimOutput::Event(SwitchEvent::Answered { channel }) => {
                self.orders.leg_answered(&LegId {
                    switch: switch.clone(),
                    channel: channel.clone(),
                });
            }
            SimOutput::Event(SwitchEvent::LinkLost { .. } | SwitchEvent::Snapshot(_)) => {
                self.disturbed = self.now;
            }
            SimOutput::Event(_) | SimOutput::Recorded(_) => {}
        }
    }

    /// Lets the engine handle one event, carries out what it wants, and judges it.
    fn step(&mut self, event: Event) -> Result<(), Stop> {
        if self.controller.engine.is_none() {
            return Ok(());
        }
        self.at_once += 1;
        if self.at_once > MOST_STEPS_AT_ONCE {
            return Err(Violation::Livelock { at: self.now }.into());
        }
        self.steps += 1;
        let mut commands = Commands::default();
        let answered = match &event {
            Event::Completed { command, .. } => Some(*command),
            _ => None,
        };
        let asked = match &event {
            Event::Asked { what, .. } => Some(what.word()),
            _ => None,
        };
        let told = event.clone();
        let handled = self.controller.handle(self.now, event, &mut commands);
        let at = self.controller.now(self.now);
        self.trace
            .step(at, &told, commands.as_slice())
            .map_err(Stop::Trace)?;
        handled?;
        let crash = self.crashes.take();
        let commands: Vec<Command> = commands.drain().collect();
        if let Some(ask) = asked {
            watch::judge_answer(ask, &commands)?;
        }
        self.judge_step(at, answered, &commands)?;
        self.carry_out(at, commands, crash.is_some());
        if let Some(lasts) = crash {
            self.crash(lasts);
        }
        Ok(())
    }

    fn carry_out(&mut self, at: Timestamp, commands: Vec<Command>, crashes: bool) {
        let orders = commands.iter().filter_map(|command| match command {
            Command::Switch(order) => Some(order.clone()),
            _ => None,
        });
        let (gated, mut leaving): (Vec<_>, Vec<_>) =
            orders.partition(|order| order.command.is_irrevocable());
        if crashes {
            // Killed somewhere between the first order and the journal.
            let left = self.chance.number(leaving.len() as u64 + 1);
            leaving.truncate(usize::try_from(left).unwrap_or(0));
        }
        for order in leaving {
            send(&mut self.switches, self.now, order);
        }
        if crashes {
            return;
        }
        for command in &commands {
            if let Command::File(FilingOrder { recording, .. }) = command {
                self.agenda.add(self.now + FILING, Due::Filed(*recording));
            }
        }
        if !commands.is_empty() {
            let commit = self.disk.between(self.scenario.disk.commit);
            let entry = Entry {
                at,
                commands,
                gated,
            };
            self.controller.keep(self.now, commit, entry);
        }
    }

    fn crash(&mut self, lasts: Span) {
        self.count("crashes");
        self.recoveries.restarts += 1;
        self.recoveries.entries_lost += self.controller.crash() as u64;
        self.orders.forget();
        for switch in self.switches.values_mut() {
            switch.detach(self.now);
        }
        self.agenda.retain(|due| !matches!(due, Due::Filed(_)));
        self.agenda.add(self.now + lasts, Due::Start);
        self.forget_places();
    }

    /// A place is kept when the durable journal has it or the leg carries it;
    /// one that was given in the last instant and reached neither is gone.
    fn forget_places(&mut self) {
        let durable = &self.controller.durable.ledger;
        let switches = &self.switches;
        self.places.retain(|(call, queue), place| {
            place.served
                || durable.place_of(*call, queue).is_some()
                || switches
                    .values()
                    .any(|switch| switch.variables().any(|leg| place.is_on(*call, leg)))
        });
    }

    fn judge_step(
        &mut self,
        at: Timestamp,
        answered: Option<CommandId>,
        commands: &[Command],
    ) -> Result<(), Stop> {
        let patience = self.scenario.centre.limits.command_deadline;
        for command in commands {
            match command {
                Command::Switch(order) => self.orders.given(at, order, patience)?,
                Command::Note(Fact::CommandFailed { command, .. }) => self.orders.failed(*command),
                _ => {}
            }
        }
        let orders = &self.orders;
        let ordered = |leg: &LegId| orders.ended(leg);
        let switches = &self.switches;
        let harmed = |call| {
            switches
                .values()
                .any(|switch| switch.harmed().contains(&call))
        };
        let alive = |leg: &LegId| {
            let switch = switches.get(&leg.switch);
            switch.is_some_and(|switch| switch.channels().any(|channel| *channel == leg.channel))
        };
        let taped = |recording| switches.values().any(|switch| switch.has_tape(recording));
        let mut circumstances = Circumstances {
            centre: &self.scenario.centre,
            at,
            places: &mut self.places,
            harmed: &harmed,
            alive: &alive,
            ordered: &ordered,
            taped: &taped,
        };
        for command in commands {
            if let Command::Note(fact) = command {
                self.ledger.apply(fact, &mut circumstances)?;
            }
        }
        let Some(engine) = &self.controller.engine else {
            return Ok(());
        };
        if let Some(command) = answered.filter(|command| engine.awaits(*command)) {
            return Err(Violation::AnswerIgnored { command }.into());
        }
        self.until_full_check = self.until_full_check.saturating_sub(1);
        if self.starting || self.until_full_check > 0 {
            return Ok(());
        }
        let size = engine.size() / CHECKED_EVERY_STEP;
        self.until_full_check = u32::try_from(size).unwrap_or(u32::MAX).saturating_add(1);
        self.recoveries.full_checks += 1;
        engine.check().map_err(Violation::Engine)?;
        self.ledger.compare(engine)?;
        self.orders.compare(engine)?;
        Ok(())
    }

    fn report(mut self, violation: Option<Violation>) -> Report {
        for switch in self.switches.values() {
            count_faults(&mut self.faults, switch.injected());
        }
        let sums = &self.ledger.sums;
        self.recoveries.legs_adopted = sums.adopted;
        self.recoveries.legs_closed = sums.closed;
        self.recoveries.commands_failed = sums.commands_failed;
        let within = self.scenario.answer_within;
        let queues = sums.queues.iter();
        let after = self.now.since(BEGIN);
        Report {
            scenario: self.scenario.name.clone(),
            seed: self.seed,
            steps: self.steps,
            lasted_ms: after.as_millis(),
            settled: self.is_at_rest(),
            people: self
                .switches
                .iter()
                .map(|(id, switch)| (id.clone(), switch.tally().clone()))
                .collect(),
            calls: Calls::of(sums),
            queues: queues
                .map(|(id, sums)| (id.clone(), QueueReport::of(sums, within)))
                .collect(),
            offers: sums.offers_ended.clone(),
            faults: self
                .faults
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .collect(),
            recoveries: self.recoveries,
            violation: violation.map(|violation| Found {
                rule: violation.rule(),
                detail: violation.to_string(),
                at: self.now,
                after_ms: after.as_millis(),
                step: self.steps,
            }),
            trace: self.trace.fingerprint(),
        }
    }
}

fn send(switches: &mut BTreeMap<SwitchId, Simulation>, now: Timestamp, order: SwitchOrder) {
    if let Some(switch) = switches.get_mut(&order.switch) {
        switch.handle(now, order);
    }
}
