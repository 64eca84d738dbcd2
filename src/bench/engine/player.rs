//! Hands prepared events to a new engine at their times.

use crate::bench::engine::ends::Ends;
use crate::bench::engine::{EngineError, WARM_UP_S};
use crate::bench::process;
use crate::bench::rehearsal::BEGIN;
use crate::clock::monotonic;
use crate::engine::Engine;
use crate::engine::command::Commands;
use crate::engine::event::Event;
use crate::engine::time::{Span, Timestamp};
use crate::store::journal::{Journal, Step};
use std::time::{Duration, Instant};

/// What reached the engine when.
pub(super) struct Prepared {
    pub(super) events: Vec<(Timestamp, Event)>,
    /// What the engine made of it, counted.
    pub(super) commands: u64,
    /// The last call has come.
    pub(super) until: Timestamp,
}

/// The engine and its journal, as the driver has them.
pub(super) struct Player {
    engine: Engine,
    journal: Journal,
    commands: u64,
    pub(super) ends: Ends,
}

/// The seconds that are measured.
pub(super) struct Window {
    pub(super) took: Duration,
    pub(super) cpu: Duration,
    pub(super) engine_cpu: Duration,
    pub(super) calls: u64,
    pub(super) events: u64,
    pub(super) behind: Duration,
}

impl Player {
    pub(super) fn new(journal: Journal) -> Self {
        Self {
            engine: Engine::new(),
            journal,
            commands: 0,
            ends: Ends::default(),
        }
    }

    pub(super) fn play(&mut self, prepared: Prepared) -> Result<Window, EngineError> {
        let mut events = prepared.events.into_iter().peekable();
        let from = BEGIN + Span::seconds(WARM_UP_S);
        let began = monotonic();
        let mut behind = Duration::ZERO;
        while let Some((at, event)) = events.next_if(|(at, _)| *at < from) {
            self.handle_at(began, at, event);
        }
        let (start, used, used_here) = (monotonic(), on_core()?, thread_on_core()?);
        let (mut count, came) = (0, self.ends.came);
        while let Some((at, event)) = events.next_if(|(at, _)| *at < prepared.until) {
            behind = behind.max(self.handle_at(began, at, event));
            count += 1;
        }
        let window = Window {
            took: monotonic() - start,
            cpu: on_core()?.saturating_sub(used),
            engine_cpu: thread_on_core()?.saturating_sub(used_here),
            calls: self.ends.came - came,
            events: count,
            behind,
        };
        for (at, event) in events {
            self.handle_at(began, at, event);
        }
        match self.commands == prepared.commands {
            true => Ok(window),
            false => Err(EngineError::Differs {
                given: self.commands,
                prepared: prepared.commands,
            }),
        }
    }

    /// Handles an event when its time has come; gives how late it was then.
    fn handle_at(&mut self, began: Instant, at: Timestamp, event: Event) -> Duration {
        let due = began + Duration::from_millis(at.since(BEGIN).as_millis());
        let mut now = monotonic();
        while now < due {
            std::thread::park_timeout(due - now);
            now = monotonic();
        }
        let mut out = Commands::default();
        self.engine.handle(at, event.clone(), &mut out);
        let step = Step::new(at, event, out.drain().collect());
        self.commands += step.commands.len() as u64;
        self.ends.apply(&step.commands);
        self.journal.append(step);
        now - due
    }
}

fn on_core() -> Result<Duration, EngineError> {
    process::on_core().ok_or(EngineError::NoProcessorTime)
}

fn thread_on_core() -> Result<Duration, EngineError> {
    process::thread_on_core().ok_or(EngineError::NoProcessorTime)
}
