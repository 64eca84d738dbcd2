//! Re-runs a recorded journal through the engine: the same events at the same
//! times must give the same commands.

use crate::engine::Engine;
use crate::engine::command::{Command, Commands};
use crate::engine::event::Event;
use crate::engine::time::Timestamp;
use crate::store::journal::{Entry, Gap, Item, JournalError, Reader};
use crate::store::moment::Moment;
use serde::Serialize;

/// Places where entries are missing or damaged that are told one by one.
const HOLES_TOLD: usize = 100;

/// What a replay found.
#[derive(Debug, Default, Serialize)]
pub struct ReplayReport {
    pub journal: String,
    /// Entries read.
    pub entries: u64,
    /// Entries that were handled again and compared.
    pub compared: u64,
    /// Runs of the controller that were replayed from their beginning.
    pub runs: u64,
    /// Entries before the first beginning of a run: the entries that led to
    /// them were removed, as the store has them.
    pub before_first_run: u64,
    /// Entries after a hole, up to the next beginning of a run: what the engine
    /// knew then is not known.
    pub after_holes: u64,
    pub holes: Vec<Hole>,
    pub more_holes: u64,
    pub difference: Option<Difference>,
    pub first: Option<Mark>,
    pub last: Option<Mark>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    pub seq: u64,
    pub at: Moment,
}

/// Entries that are not there, or not as they were written.
#[derive(Debug, Serialize)]
#[serde(tag = "hole", rename_all = "snake_case")]
pub enum Hole {
    /// Lost while the disk failed, as the journal itself says.
    Lost { gap: Gap },
    /// Numbers that are in no segment.
    Missing { from: u64, to: u64 },
    /// A line whose checksum is wrong.
    Damaged {
        segment: String,
        offset: u64,
        why: String,
    },
    /// An entry of another version.
    NotUnderstood { seq: u64, why: String },
}

/// The first place where the engine decides otherwise than it did.
#[derive(Debug, Serialize)]
pub struct Difference {
    pub seq: u64,
    pub at: Moment,
    /// What happened, as JSON.
    pub event: String,
    /// Which of the entry's commands differs, from 1.
    pub nth: usize,
    /// The command in the journal, as JSON; none when it has fewer.
    pub expected: Option<String>,
    /// The command now; none when there are fewer.
    pub got: Option<String>,
}

struct Replay {
    report: ReplayReport,
    engine: Option<Engine>,
    has_begun: bool,
}

/// Replays everything that is in the journal now, up to the first difference.
///
/// # Errors
/// [`JournalError`] when the journal cannot be read.
pub fn replay(reader: &mut Reader) -> Result<ReplayReport, JournalError> {
    let mut replay = Replay {
        report: ReplayReport {
            journal: reader.id().to_owned(),
            ..ReplayReport::default()
        },
        engine: None,
        has_begun: false,
    };
    while let Some(item) = reader.read()? {
        match item {
            Item::Entry(record) => {
                replay.follows(record.seq, record.at);
                match record.entry() {
                    Ok(entry) => replay.entry(entry),
                    Err(error) => replay.hole(Hole::NotUnderstood {
                        seq: record.seq,
                        why: error.to_string(),
                    }),
                }
            }
            Item::Lost(gap) => replay.hole(Hole::Lost { gap }),
            Item::Damage {
                segment,
                offset,
                why,
            } => replay.hole(Hole::Damaged {
                segment,
                offset,
                why,
            }),
        }
        if replay.report.difference.is_some() {
            break;
        }
    }
    Ok(replay.report)
}

impl Replay {
    /// Notes numbers that were passed over without a word.
    fn follows(&mut self, seq: u64, at: Timestamp) {
        let mark = Mark {
            seq,
            at: moment(at),
        };
        if let Some(last) = self.report.last.replace(mark.clone())
            && last.seq + 1 < seq
            && !self.is_explained(last.seq)
        {
            self.hole(Hole::Missing {
                from: last.seq + 1,
                to: seq - 1,
            });
        }
        self.report.first.get_or_insert(mark);
        self.report.entries += 1;
    }

    /// Whether a hole behind the entry `seq` was told already.
    fn is_explained(&self, seq: u64) -> bool {
        match self.report.holes.last() {
            Some(Hole::Lost { gap }) => gap.last.seq > seq,
            Some(Hole::Damaged { .. }) => self.engine.is_none(),
            _ => false,
        }
    }

    fn hole(&mut self, hole: Hole) {
        self.engine = None;
        if self.report.holes.len() < HOLES_TOLD {
            self.report.holes.push(hole);
        } else {
            self.report.more_holes += 1;
        }
    }

    fn entry(&mut self, entry: Entry) {
        if matches!(entry.event, Event::Started { .. }) {
            self.engine = Some(Engine::new());
            self.has_begun = true;
            self.report.runs += 1;
        }
        let Some(engine) = &mut self.engine else {
            match self.has_begun {
                true => self.report.after_holes += 1,
                false => self.report.before_first_run += 1,
            }
            return;
        };
        let mut commands = Commands::default();
        engine.handle(entry.at, entry.event.clone(), &mut commands);
        self.report.compared += 1;
        self.report.difference = difference(&entry, commands.as_slice());
    }
}

fn difference(entry: &Entry, got: &[Command]) -> Option<Difference> {
    let expected = &entry.commands;
    let longest = expected.len().max(got.len());
    let nth = (0..longest).find(|nth| expected.get(*nth) != got.get(*nth))?;
    let json = |command: Option<&Command>| command.map(shown);
    Some(Difference {
        seq: entry.seq,
        at: moment(entry.at),
        event: shown(&entry.event),
        nth: nth + 1,
        expected: json(expected.get(nth)),
        got: json(got.get(nth)),
    })
}

fn shown<T: Serialize + std::fmt::Debug>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| format!("{value:?}"))
}

fn moment(at: Timestamp) -> Moment {
    Moment::from_millis(at.as_millis())
}
