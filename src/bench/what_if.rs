//! How long a what-if takes: a day of a large centre is played and written to a
//! journal, which is then read and played twice.

use crate::bench::process;
use crate::clock::monotonic;
use crate::config::Config;
use crate::config::finding::ConfigErrors;
use crate::engine::Engine;
use crate::engine::centre::Centre;
use crate::engine::command::Command;
use crate::engine::event::{AgentRequest, Event};
use crate::engine::fact::OfferOutcome;
use crate::engine::id::{AgentId, IdError};
use crate::engine::text::OutsideText;
use crate::engine::time::{Span, Timestamp};
use crate::simulation::scenario::BEGIN;
use crate::simulation::what_if::day::{Day, KeyPress, OfferSeen, Presence, Visit};
use crate::simulation::what_if::player::{Player, Watch};
use crate::simulation::what_if::recorded::{self, RecordError};
use crate::simulation::what_if::{self, WhatIf};
use crate::store::journal::{Journal, JournalError, Step};
use crate::switch::simulated::chance::Chance;
use crate::switch::{Digit, DigitMethod, Key, NotAKey};
use serde::Serialize;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Handle;

const KEEP: Span = Span::seconds(7 * 86_400);
/// Entries that may wait for the disk while the journal is made.
const IN_FLIGHT: usize = 16_384;
const QUEUES: u32 = 8;
const WITHIN: Span = Span::seconds(20);
/// The day has so many hours.
const HOURS: u32 = 12;
/// Calls come in each of them, in thousandths of the day's.
const SHARES: [u64; HOURS as usize] = [50, 85, 110, 110, 95, 75, 85, 100, 100, 85, 60, 45];
/// Of the agents' time in the busiest hour, what the calls take, in percent.
const BUSY_PERCENT: u64 = 92;
const WRAP_UP: Span = Span::seconds(10);
const PATIENCE: Span = Span::seconds(180);

pub struct WhatIfBench {
    /// Where the journal is made.
    pub folder: PathBuf,
    pub calls: u32,
    pub agents: u32,
    /// Agents more in the other settings, in percent.
    pub more_percent: u32,
    pub seed: u64,
}

#[derive(Debug, Serialize)]
pub struct WhatIfReport {
    pub calls: u32,
    pub agents: u32,
    /// Entries and bytes of the journal that was made.
    pub entries: u64,
    pub journal_bytes: u64,
    /// Reading the journal.
    pub read_seconds: f64,
    /// Playing the day twice.
    pub play_seconds: f64,
    pub total_seconds: f64,
    /// Processor time of both together.
    pub cpu_seconds: f64,
    pub outcome: WhatIf,
}

#[derive(Debug, thiserror::Error)]
pub enum WhatIfBenchError {
    #[error("the settings: {0}")]
    Config(#[from] ConfigErrors),
    #[error(transparent)]
    Id(#[from] IdError),
    #[error(transparent)]
    Key(#[from] NotAKey),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("this system does not tell the processor time that was used")]
    NoProcessorTime,
    #[error("the journal's folder cannot be read: {0}")]
    Folder(#[from] io::Error),
}

impl WhatIfBench {
    /// # Errors
    /// [`WhatIfBenchError`] when the journal cannot be made.
    pub async fn run(&self) -> Result<WhatIfReport, WhatIfBenchError> {
        let path = self.folder.join("journal");
        let entries = self.record(&path).await?;
        let other = centre(self.agents + self.agents * self.more_percent / 100)?;
        let (began, used) = (monotonic(), on_core()?);
        let recorded = recorded::read(&path, self.seed)?;
        let read = monotonic() - began;
        let outcome = what_if::compare(&path, recorded, &other, WITHIN, self.seed);
        let total = monotonic() - began;
        let used = on_core()?.saturating_sub(used);
        let mut journal_bytes = 0;
        for file in path.read_dir()? {
            journal_bytes += file?.metadata()?.len();
        }
        Ok(WhatIfReport {
            calls: self.calls,
            agents: self.agents,
            entries,
            journal_bytes,
            read_seconds: read.as_secs_f64(),
            play_seconds: (total - read).as_secs_f64(),
            total_seconds: total.as_secs_f64(),
            cpu_seconds: used.as_secs_f64(),
            outcome,
        })
    }

    /// Plays the day and writes its journal to the folder `path`. Gives how many
    /// entries it has.
    ///
    /// # Errors
    /// As [`WhatIfBench::run`].
    pub async fn record(&self, path: &Path) -> Result<u64, WhatIfBenchError> {
        let (day, centre) = (self.day()?, centre(self.agents)?);
        let mut recorder = Recorder {
            journal: Journal::open(path, KEEP)?,
            event: None,
            failed: None,
        };
        let mut player = Player::new(&day, &centre, self.seed);
        let entries = tokio::task::block_in_place(|| player.play(&mut recorder));
        recorder.journal.close().await;
        match recorder.failed {
            None => Ok(entries),
            Some(failed) => Err(failed.into()),
        }
    }

    /// Who calls when, and when agents are there.
    fn day(&self) -> Result<Day, WhatIfBenchError> {
        let mut chance = Chance::new(self.seed, "a day");
        let talk = self.talk();
        let mut visits = Vec::new();
        for (hour, share) in (0..).zip(SHARES) {
            let calls = u64::from(self.calls) * share / 1_000;
            for nth in 0..calls {
                let within = Span::millis((nth * 3_600_000 + chance.number(3_600_000)) / calls);
                let key = char::from_digit(1 + chance.number(QUEUES.into()) as u32, 10);
                visits.push(Visit {
                    at: BEGIN + Span::seconds(hour * 3_600) + within,
                    switch: "bench".parse()?,
                    caller_number: OutsideText::new(&format!("138{nth:08}")),
                    dialled: OutsideText::new("4001"),
                    keys: vec![KeyPress {
                        nth: 0,
                        after: chance.between((Span::seconds(1), Span::seconds(5))),
                        digit: Digit {
                            key: Key::try_from(key.unwrap_or('1'))?,
                            method: DigitMethod::Rfc4733,
                        },
                    }],
                    hangs_up: None,
                    patience: Some(chance.around(PATIENCE)),
                    talk: chance.around(talk),
                    wrap_up: chance.happens(200).then_some(Span::seconds(3)),
                });
            }
        }
        visits.sort_by_key(|visit| visit.at);
        let offers = (0..100).map(|nth| OfferSeen {
            outcome: match nth {
                0..2 => OfferOutcome::NoAnswer,
                _ => OfferOutcome::Accepted,
            },
            after: chance.between((Span::seconds(1), Span::seconds(7))),
        });
        Ok(Day {
            begins: BEGIN,
            ends: BEGIN + Span::seconds(HOURS * 3_600),
            visits,
            offers: offers.collect(),
            presence: self.presence()?,
            prompts: Default::default(),
        })
    }

    /// As long as the agents have time for it in the busiest hour.
    fn talk(&self) -> Span {
        let busiest = SHARES.into_iter().max().unwrap_or(1);
        let calls = (u64::from(self.calls) * busiest / 1_000).max(1);
        // One of twelve has a break then.
        let time = u64::from(self.agents) * 3_600_000 * 11 / 12 * BUSY_PERCENT / 100;
        let rings = Span::seconds(4).as_millis();
        Span::millis((time / calls).saturating_sub(rings + WRAP_UP.as_millis()))
    }

    /// All come at the beginning, have a break of an hour, and go at the end.
    fn presence(&self) -> Result<Vec<Presence>, WhatIfBenchError> {
        let away = AgentRequest::NotReady {
            reason: OutsideText::new("break"),
        };
        let mut presence = Vec::new();
        for nth in 0..self.agents {
            let pause = 3_600 * (nth % HOURS);
            let requests = [
                (nth % 300, AgentRequest::Ready),
                (pause + 300, away.clone()),
                (pause + 3_900, AgentRequest::Ready),
                (HOURS * 3_600 + nth % 300, AgentRequest::SignOut),
            ];
            let agent: AgentId = format!("agent{nth}").parse()?;
            presence.extend(requests.into_iter().map(|(at, request)| Presence {
                at: BEGIN + Span::seconds(at),
                agent: agent.clone(),
                request,
            }));
        }
        presence.sort_by_key(|presence| presence.at);
        Ok(presence)
    }
}

/// A centre whose callers go through a menu into one of eight queues, of which
/// each agent serves three.
///
/// # Errors
/// Never with the settings that stand here.
pub fn centre(agents: u32) -> Result<Centre, WhatIfBenchError> {
    let wrap_up = WRAP_UP.as_millis() / 1_000;
    let choices: Vec<String> = (1..=QUEUES).map(|n| format!("{n} = \"q{n}\"")).collect();
    let mut text = format!(
        "[switches.bench]\nkind = \"simulated\"\n[limits]\nmax_calls = 100000\naudit_s = 0\n\
         [numbers.4001]\nflow = \"bench\"\n[flows.bench]\nname = \"bench\"\nstart = \"answer\"\n\
         [flows.bench.blocks.answer]\nkind = \"answer\"\nnext = \"menu\"\n\
         [flows.bench.blocks.bye]\nkind = \"hang_up\"\n\
         [flows.bench.blocks.menu]\nkind = \"menu\"\nprompts = [\"welcome\"]\n\
         choices = {{ {} }}\notherwise = \"bye\"\n",
        choices.join(", ")
    );
    for n in 1..=QUEUES {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "[queues.q{n}]\nname = \"queue {n}\"\nwrap_up_s = {wrap_up}\nmax_waiting = 10000\n\
             record = false\n[flows.bench.blocks.q{n}]\nkind = \"queue\"\nqueue = \"q{n}\"\n"
        );
    }
    for n in 0..agents {
        let served: Vec<String> = [0, 1, 3]
            .map(|more| format!("\"q{}\"", (n + more) % QUEUES + 1))
            .into();
        let _ = write!(
            text,
            "[agents.agent{n}]\nname = \"Agent {n}\"\nextension = \"{}\"\nswitch = \"bench\"\n\
             queues = [{}]\n",
            100_000 + n,
            served.join(", ")
        );
    }
    Ok(Config::read(Path::new("bench.toml"), &text, [])?.centre(BEGIN))
}

/// Writes every step to a journal.
struct Recorder {
    journal: Journal,
    event: Option<Event>,
    failed: Option<JournalError>,
}

impl Watch for Recorder {
    fn before(&mut self, event: &Event) {
        self.event = Some(event.clone());
    }

    fn step(&mut self, at: Timestamp, _: &Engine, commands: &[Command]) {
        let Some(event) = self.event.take() else {
            return;
        };
        self.journal.append(Step::new(at, event, commands.to_vec()));
        if self.journal.waiting() > IN_FLIGHT {
            let flushed = Handle::current().block_on(self.journal.flush());
            self.failed = self.failed.take().or(flushed.err());
        }
    }
}

fn on_core() -> Result<Duration, WhatIfBenchError> {
    process::on_core().ok_or(WhatIfBenchError::NoProcessorTime)
}
