//! How fast the journal makes events durable, beside a raw loop that appends
//! the same batches and flushes each; and what it adds to an irrevocable command.

use crate::bench::rehearsal::{self, RehearsalError};
use crate::clock::monotonic;
use crate::engine::command::Command;
use crate::engine::id::{CommandId, SwitchId};
use crate::engine::time::{Span, Timestamp};
use crate::runtime::executor::Executor;
use crate::store::journal::{Disk, Journal, JournalError, Step};
use crate::switch::SwitchOrder;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const KEEP: Span = Span::seconds(86_400);
/// Calls whose steps are appended over and over.
const CALLS: u64 = 200;
/// Entries that wait for the disk at once while the throughput is measured.
const IN_FLIGHT: u64 = 4_096;
/// Appended between two looks at how many wait.
const STRIDE: usize = 64;
/// The throughput is measured so often, in turn with the raw loop.
const ROUNDS: u32 = 5;

pub struct JournalBench {
    /// Where the files are made; its disk is what is measured.
    pub folder: PathBuf,
    /// Entries of each of the rounds.
    pub events: u64,
    /// The load under which the added delay is measured.
    pub calls_per_second: f64,
    /// For how long.
    pub seconds: u32,
}

#[derive(Clone, Debug, Serialize)]
pub struct JournalReport {
    /// Events with their commands made durable per second, the median of the rounds.
    pub events_per_second: f64,
    /// The same by appending and flushing the same batches of bytes, and nothing else.
    pub raw_events_per_second: f64,
    /// The median of the rounds' ratios.
    pub ratio: f64,
    pub events: u64,
    pub bytes_per_event: f64,
    pub events_per_batch: f64,
    /// From the event to the irrevocable command's way to its switch.
    pub added_delay_p50_ms: f64,
    pub added_delay_p99_ms: f64,
    pub added_delay_samples: usize,
    pub calls_per_second: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum JournalBenchError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the steps of a call could not be made: {0}")]
    Rehearsal(#[from] RehearsalError),
    #[error("the raw loop: {0}")]
    Raw(#[from] io::Error),
    #[error("nothing was measured: {0}")]
    Empty(&'static str),
}

struct Round {
    events_per_second: f64,
    raw_events_per_second: f64,
    batches: usize,
    bytes: usize,
}

impl JournalBench {
    /// # Errors
    /// [`JournalBenchError`] when the folder cannot be written.
    pub async fn run(&self) -> Result<JournalReport, JournalBenchError> {
        let steps: Vec<Arc<Step>> = rehearsal::steps(CALLS)?.into_iter().map(Arc::new).collect();
        let mut rounds = Vec::new();
        for nth in 0..ROUNDS {
            rounds.push(self.round(nth, &steps).await?);
        }
        let mut delays = self.delays(&steps).await?;
        delays.sort_unstable();
        let delay = |share: f64| {
            let place = (delays.len() as f64 * share) as usize;
            delays
                .get(place.min(delays.len().saturating_sub(1)))
                .map(|delay| delay.as_secs_f64() * 1_000.0)
                .ok_or(JournalBenchError::Empty("no call ended by the controller"))
        };
        let median = |of: fn(&Round) -> f64| {
            let mut values: Vec<f64> = rounds.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        let events = self.events * u64::from(ROUNDS);
        let sum = |of: fn(&Round) -> usize| rounds.iter().map(of).sum::<usize>() as f64;
        Ok(JournalReport {
            events_per_second: median(|round| round.events_per_second),
            raw_events_per_second: median(|round| round.raw_events_per_second),
            ratio: median(|round| round.events_per_second / round.raw_events_per_second),
            events,
            bytes_per_event: sum(|round| round.bytes) / events as f64,
            events_per_batch: events as f64 / sum(|round| round.batches),
            added_delay_p50_ms: delay(0.5)?,
            added_delay_p99_ms: delay(0.99)?,
            added_delay_samples: delays.len(),
            calls_per_second: self.calls_per_second,
        })
    }

    /// As many events as fit, through the journal and then as raw bytes.
    async fn round(&self, nth: u32, steps: &[Arc<Step>]) -> Result<Round, JournalBenchError> {
        let sizes = Arc::new(Mutex::new(Vec::new()));
        let meter = Arc::clone(&sizes);
        let path = self.folder.join(format!("journal-{nth}"));
        let journal =
            Journal::open_on(&path, KEEP, |disk| Box::new(Metered { disk, sizes: meter }))?;
        let mut durable = journal.durable();
        let began = monotonic();
        let mut seq = 0;
        for (nth, step) in (0..self.events).zip(steps.iter().cycle()) {
            seq = journal.append(Arc::clone(step));
            if nth % STRIDE as u64 == 0 && seq > IN_FLIGHT {
                // It ends only when the journal does.
                let _ = durable
                    .wait_for(|durable| *durable >= seq - IN_FLIGHT)
                    .await;
            }
        }
        journal.kept(seq).await?;
        let took = monotonic() - began;
        journal.close().await;
        std::fs::remove_dir_all(&path)?;

        let sizes = std::mem::take(&mut *sizes.lock().unwrap_or_else(PoisonError::into_inner));
        let raw = raw(&self.folder.join(format!("raw-{nth}")), &sizes)?;
        Ok(Round {
            events_per_second: self.events as f64 / took.as_secs_f64(),
            raw_events_per_second: self.events as f64 / raw.as_secs_f64(),
            batches: sizes.len(),
            bytes: sizes.iter().sum(),
        })
    }

    /// How long each irrevocable order waits for the disk, at a steady load.
    async fn delays(&self, steps: &[Arc<Step>]) -> Result<Vec<Duration>, JournalBenchError> {
        let path = self.folder.join("journal-paced");
        let journal = Journal::open(&path, KEEP)?;
        let (link, mut orders) = mpsc::channel::<SwitchOrder>(65_536);
        let switch = switch_of(steps).ok_or(JournalBenchError::Empty("no order was given"))?;
        let (events, _inbox) = mpsc::channel(1);
        let links = BTreeMap::from([(switch, link)]);
        let executor = Executor::new(links, journal.clone(), events.downgrade());

        let per_second = self.calls_per_second * steps.len() as f64 / CALLS as f64;
        let total = (per_second * f64::from(self.seconds)) as usize;
        let (mut sent, mut delays) = (Vec::new(), Vec::new());
        let (began, mut appended) = (monotonic(), 0);
        let mut tick = tokio::time::interval(Duration::from_millis(1));
        while appended < total || delays.len() < sent.len() {
            tokio::select! {
                biased;
                order = orders.recv() => {
                    let order = order.ok_or(JournalBenchError::Empty("the orders ended"))?;
                    let since: Instant = sent[usize::try_from(order.id.0).unwrap_or(0)];
                    delays.push(monotonic() - since);
                }
                _ = tick.tick(), if appended < total => {
                    let due = (began.elapsed().as_secs_f64() * per_second) as usize;
                    while appended < due.min(total) {
                        let step = &steps[appended % steps.len()];
                        let at = monotonic();
                        let seq = journal.append(Arc::clone(step));
                        for order in irrevocable(step) {
                            let id = CommandId(sent.len() as u64);
                            sent.push(at);
                            let order = SwitchOrder { id, ..order.clone() };
                            if executor.send_when_kept(seq, order).is_some() {
                                return Err(JournalBenchError::Empty("the gate is full"));
                            }
                        }
                        appended += 1;
                    }
                }
            }
        }
        drop(executor);
        journal.close().await;
        std::fs::remove_dir_all(&path)?;
        Ok(delays)
    }
}

fn irrevocable(step: &Step) -> impl Iterator<Item = &SwitchOrder> {
    step.commands.iter().filter_map(|command| match command {
        Command::Switch(order) if order.command.is_irrevocable() => Some(order),
        _ => None,
    })
}

fn switch_of(steps: &[Arc<Step>]) -> Option<SwitchId> {
    let order = steps.iter().find_map(|step| irrevocable(step).next())?;
    Some(order.switch.clone())
}

/// Appends so many bytes at a time to one file and flushes each.
fn raw(path: &Path, sizes: &[usize]) -> io::Result<Duration> {
    let bytes = vec![b'x'; sizes.iter().max().copied().unwrap_or(0)];
    let mut file = File::create(path)?;
    let began = monotonic();
    for size in sizes {
        file.write_all(&bytes[..*size])?;
        file.sync_data()?;
    }
    let took = monotonic() - began;
    std::fs::remove_file(path)?;
    Ok(took)
}

/// Notes the size of each batch.
struct Metered {
    disk: Box<dyn Disk>,
    sizes: Arc<Mutex<Vec<usize>>>,
}

impl Disk for Metered {
    fn append(&mut self, first: u64, at: Timestamp, lines: &[u8]) -> io::Result<()> {
        let mut sizes = self.sizes.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.push(lines.len());
        self.disk.append(first, at, lines)
    }
}
