//! The controller as a process: the engine, a journal whose last entries a
//! crash takes, and what a new run is told.

use crate::clock::steady::SteadyClock;
use crate::engine::Engine;
use crate::engine::centre::Centre;
use crate::engine::command::Commands;
use crate::engine::event::Event;
use crate::engine::memory::Memory;
use crate::engine::time::{Span, Timestamp};
use crate::simulation::ledger::Ledger;
use crate::simulation::skew::Skew;
use crate::simulation::tail::{Entry, Tail};
use crate::simulation::violation::Violation;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// What the durable part of the journal says.
#[derive(Debug, Default)]
pub(super) struct Durable {
    pub(super) memory: Memory,
    pub(super) ledger: Ledger,
}

/// The controller, while it runs and while it is gone.
pub(super) struct Controller {
    /// None while the process is gone.
    pub(super) engine: Option<Engine>,
    /// The machine's wall clock.
    pub(super) skew: Skew,
    /// The process's own, as [`crate::clock`] has it.
    clock: SteadyClock,
    pub(super) tail: Tail,
    pub(super) durable: Durable,
    runs: u64,
    seed: u64,
}

impl Controller {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            engine: None,
            skew: Skew::default(),
            clock: SteadyClock::new(Duration::ZERO, Duration::ZERO),
            tail: Tail::default(),
            durable: Durable::default(),
            runs: 0,
            seed,
        }
    }

    /// A new process; what it handles first.
    pub(super) fn start(&mut self, truly: Timestamp, centre: &Centre) -> Vec<Event> {
        self.engine = Some(Engine::new());
        self.clock = SteadyClock::new(monotonic(truly), self.skew.shows(truly));
        self.runs += 1;
        // Each run draws its identifiers from a seed of its own.
        let seed = self.seed ^ self.runs.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        vec![
            Event::Started { seed },
            Event::Configured {
                centre: Box::new(centre.clone()),
            },
            Event::Remembered {
                remembered: self.durable.memory.remembered(),
            },
        ]
    }

    /// The process is gone, and the entries that were not durable with it; how
    /// many those were.
    pub(super) fn crash(&mut self) -> usize {
        self.engine = None;
        self.tail.lose()
    }

    /// The engine's time.
    pub(super) fn now(&self, truly: Timestamp) -> Timestamp {
        self.clock.shows(monotonic(truly))
    }

    /// Looks at the machine's clocks, as the process does whenever it wants the time.
    pub(super) fn look_at_clock(&mut self, truly: Timestamp) {
        let monotonic = monotonic(truly);
        if self.clock.is_due(monotonic) {
            self.clock.compare(monotonic, self.skew.shows(truly));
        }
    }

    /// When the engine is to be woken, in true time, as far as can be said now:
    /// at the same pace until its next deadline.
    pub(super) fn next_deadline(&self, truly: Timestamp) -> Option<Timestamp> {
        let (deadline, _) = self.engine.as_ref()?.next_deadline()?;
        Some(truly + deadline.since(self.now(truly)))
    }

    /// Lets the engine handle an event, at the time that its clock shows.
    pub(super) fn handle(
        &mut self,
        truly: Timestamp,
        event: Event,
        out: &mut Commands,
    ) -> Result<(), Violation> {
        let now = self.now(truly);
        let Some(engine) = &mut self.engine else {
            return Ok(());
        };
        let handled = catch_unwind(AssertUnwindSafe(|| engine.handle(now, event, out)));
        handled.map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            Violation::Panic {
                what: text.unwrap_or_default(),
            }
        })
    }

    pub(super) fn keep(&mut self, truly: Timestamp, commit: Span, entry: Entry) {
        self.tail.append(truly, commit, entry);
    }
}

/// What the machine's monotonic clock says.
fn monotonic(truly: Timestamp) -> Duration {
    Duration::from_millis(truly.since(Timestamp::default()).as_millis())
}
