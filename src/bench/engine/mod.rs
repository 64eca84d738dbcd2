//! How many whole calls a second the engine carries, with its journal: the
//! events of a simulated switch are prepared in virtual time and then handed to
//! a new engine at their times, as the driver does it.

mod ends;
mod player;

use crate::bench::rehearsal::{BEGIN, Rehearsal};
use crate::config::Config;
use crate::config::finding::ConfigErrors;
use crate::engine::id::{IdError, SwitchId};
use crate::engine::time::{Span, Timestamp};
use crate::store::journal::{Journal, JournalError, Step};
use crate::switch::simulated::crowd::{Crowd, PeopleSettings};
use crate::switch::simulated::model::ModelSettings;
use crate::switch::simulated::wire::WireSettings;
use crate::switch::simulated::{Population, SimulationSettings};
use ends::Ends;
use player::{Player, Prepared};
use serde::Serialize;
use std::path::{Path, PathBuf};

const SWITCH: &str = "bench";
const SEED: u64 = 1;
/// Calls come this long before anything is measured, so that those of every
/// stage are there.
const WARM_UP_S: u32 = 10;
/// The longest that the last calls may take.
const DRAIN: Span = Span::seconds(600);
const WRAP_UP: Span = Span::seconds(1);
const ANSWERS_AFTER: (Span, Span) = (Span::millis(200), Span::millis(800));
/// How much of their time agents are busy.
const BUSY_PERCENT: u64 = 80;
const SHORTEST_TALK: Span = Span::millis(300);
const MOST_CALLS: u64 = 2_000_000;
const KEEP: Span = Span::seconds(3_600);

/// What is to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineBench {
    pub calls_per_second: u32,
    pub agents: u32,
    pub seconds: u32,
    /// Folder for the journal; emptied by nobody.
    pub folder: PathBuf,
}

/// What was measured, in the seconds after the first calls.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EngineReport {
    /// Calls that came, by the seconds that their events took; less than asked
    /// for when the engine fell behind.
    pub calls_per_second: f64,
    pub agents: u32,
    pub seconds: f64,
    pub calls: u64,
    /// Calls, of all that came, that met no agent or did not end.
    pub lost: u64,
    pub events: u64,
    pub events_per_second: f64,
    /// Of all threads: engine and journal.
    pub cpu_seconds: f64,
    /// Of the engine's thread.
    pub engine_cpu_seconds: f64,
    /// Calls for each second on a core, engine and journal together.
    pub calls_per_cpu_second: f64,
    /// The longest that an event was handled after its time.
    pub behind_max_ms: f64,
    /// Events that the journal could not keep.
    pub dropped: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error("--{what} is at least 1")]
    Zero { what: &'static str },
    #[error("{calls} calls are more than can be prepared in memory; at most {MOST_CALLS}")]
    TooMany { calls: u64 },
    #[error("the centre of the measurement: {0}")]
    Config(#[from] ConfigErrors),
    #[error(transparent)]
    Name(#[from] IdError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the engine gave {given} commands where it had given {prepared} before")]
    Differs { given: u64, prepared: u64 },
    #[error("the system does not tell the time on the processor (/proc)")]
    NoProcessorTime,
    #[error("the measuring thread ended early: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

impl EngineBench {
    /// # Errors
    /// [`EngineError`] when the journal cannot be kept or the system does not
    /// tell what was used.
    pub async fn run(self) -> Result<EngineReport, EngineError> {
        let counts = [
            ("calls-per-second", self.calls_per_second),
            ("agents", self.agents),
            ("seconds", self.seconds),
        ];
        if let Some((what, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(EngineError::Zero { what });
        }
        let prepared = self.prepare()?;
        let journal = Journal::open(&self.folder.join("journal"), KEEP)?;
        let kept = journal.clone();
        let played = tokio::task::spawn_blocking(move || {
            let mut player = Player::new(kept);
            player.play(prepared).map(|window| (window, player.ends))
        });
        let (window, ends) = played.await??;
        journal.flush().await?;
        let dropped = journal.health().borrow().lost;
        journal.close().await;
        let seconds = window.took.as_secs_f64();
        let cpu_seconds = window.cpu.as_secs_f64();
        let rate = |count: u64, seconds: f64| count as f64 / seconds.max(f64::MIN_POSITIVE);
        Ok(EngineReport {
            calls_per_second: rate(window.calls, seconds),
            agents: self.agents,
            seconds,
            calls: window.calls,
            lost: ends.lost(),
            events: window.events,
            events_per_second: rate(window.events, seconds),
            cpu_seconds,
            engine_cpu_seconds: window.engine_cpu.as_secs_f64(),
            calls_per_cpu_second: rate(window.calls, cpu_seconds),
            behind_max_ms: window.behind.as_secs_f64() * 1_000.0,
            dropped,
        })
    }

    fn arrivals(&self) -> Span {
        Span::seconds(WARM_UP_S + self.seconds)
    }

    /// Lets engine and simulated switch pass the time together, and keeps what
    /// reached the engine when.
    fn prepare(&self) -> Result<Prepared, EngineError> {
        let calls = u64::from(self.calls_per_second) * (self.arrivals().as_millis() / 1_000);
        if calls > MOST_CALLS {
            return Err(EngineError::TooMany { calls });
        }
        let centre = Config::read(Path::new("bench.toml"), &self.config(), [])?.centre(BEGIN);
        let switch = SwitchId::new(SWITCH)?;
        let mut callers = Crowd::quiet(Population::of(&centre));
        callers.habits.patience = None;
        callers.habits.talk = self.talk();
        let mut people = PeopleSettings::of(vec![callers]);
        people.devices.answers_after = ANSWERS_AFTER;
        let settings = SimulationSettings {
            model: ModelSettings {
                lines: u32::MAX,
                channels: u32::MAX,
                ..ModelSettings::default()
            },
            people,
            wire: WireSettings::default(),
        };
        let mut rehearsal = Rehearsal::new(centre, switch, settings, SEED);
        let until = BEGIN + self.arrivals();
        let mut prepared = Prepared {
            events: Vec::new(),
            commands: 0,
            until,
        };
        let mut ends = Ends::default();
        let mut keep = |step: Step| {
            ends.apply(&step.commands);
            prepared.commands += step.commands.len() as u64;
            prepared.events.push((step.at, step.event));
            ends.ended
        };
        for nth in 1..=calls {
            let at = self.comes_at(nth);
            while let Some(step) = rehearsal.step(at) {
                keep(step);
            }
            rehearsal.call(at);
        }
        // The engine's own audits go on for ever.
        while let Some(step) = rehearsal.step(until + DRAIN) {
            if keep(step) == calls {
                break;
            }
        }
        Ok(prepared)
    }

    /// When call number `nth` comes, the first being 1: evenly spaced, whatever
    /// the engine does.
    fn comes_at(&self, nth: u64) -> Timestamp {
        BEGIN + Span::millis(nth * 1_000 / u64::from(self.calls_per_second))
    }

    /// As long as the agents have time for it.
    fn talk(&self) -> Span {
        let each = u64::from(self.agents) * 1_000 / u64::from(self.calls_per_second);
        let rings = (ANSWERS_AFTER.0.as_millis() + ANSWERS_AFTER.1.as_millis()) / 2;
        let busy = each * BUSY_PERCENT / 100;
        let talk = busy.saturating_sub(rings + WRAP_UP.as_millis());
        Span::millis(talk).max(SHORTEST_TALK)
    }

    /// A centre whose callers go through a menu into one of eight queues.
    fn config(&self) -> String {
        let wrap_up_s = WRAP_UP.as_millis() / 1_000;
        let mut text = format!(
            "[switches.{SWITCH}]\nkind = \"simulated\"\n[limits]\nmax_calls = {MOST_CALLS}\n\
             [flows.bench]\nname = \"bench\"\nstart = \"answer\"\n\
             [flows.bench.blocks.answer]\nkind = \"answer\"\nnext = \"menu\"\n\
             [flows.bench.blocks.bye]\nkind = \"hang_up\"\n[numbers.4001]\nflow = \"bench\"\n"
        );
        let queues = 1..=8;
        let choices: Vec<String> = queues.clone().map(|n| format!("{n} = \"q{n}\"")).collect();
        text += &format!(
            "[flows.bench.blocks.menu]\nkind = \"menu\"\nprompts = [\"welcome\"]\n\
             choices = {{ {} }}\notherwise = \"bye\"\n",
            choices.join(", ")
        );
        for n in queues.clone() {
            text += &format!(
                "[queues.q{n}]\nname = \"queue {n}\"\nwrap_up_s = {wrap_up_s}\n\
                 max_waiting = {MOST_CALLS}\n\
                 [flows.bench.blocks.q{n}]\nkind = \"queue\"\nqueue = \"q{n}\"\n"
            );
        }
        let served: Vec<String> = queues.map(|n| format!("\"q{n}\"")).collect();
        for n in 0..self.agents {
            text += &format!(
                "[agents.agent{n}]\nname = \"Agent {n}\"\nextension = \"{}\"\n\
                 switch = \"{SWITCH}\"\nqueues = [{}]\n",
                100_000 + n,
                served.join(", ")
            );
        }
        text
    }
}
