//! The projector: takes the journal over into the store's tables, in batches,
//! each in one transaction with the cursor. The store may be away; then the
//! projector lags, tries again, brings the tables up to date and catches up.

use crate::clock;
use crate::engine::time::{Span, Timestamp};
use crate::runtime::load::Load;
use crate::store::journal::{Journal, Reader};
use crate::store::projection::{self, Progress};
use crate::store::{Store, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Between two batches once the store has caught up: a commit costs the machine
/// far more than its rows, and calls want the machine.
const GATHERING: Duration = Duration::from_millis(200);
/// Between two batches while the engine is behind.
const GIVEN_WAY: Duration = Duration::from_secs(2);

/// How the projection stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// The last entry of the journal that the store has.
    pub taken_over: u64,
    /// When that entry was made; when the run began, before the first.
    pub taken_over_at: Option<Timestamp>,
    /// Entries that are durable in the journal and not yet in the store.
    pub lag: u64,
    /// Why the last try failed; none when it worked.
    pub failing: Option<String>,
}

/// The running projector. It ends when this is dropped.
pub struct Projector {
    projection: watch::Receiver<Projection>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Projector {
    /// # Errors
    /// [`StoreError::Journal`] when the journal can't be read.
    pub fn start(
        store: Store,
        journal: Journal,
        load: watch::Receiver<Load>,
    ) -> Result<Self, StoreError> {
        let reader = Arc::new(Mutex::new(journal.reader()?));
        let (state, projection) = watch::channel(Projection {
            taken_over_at: Some(clock::now()),
            ..Projection::default()
        });
        let (stop, stopping) = watch::channel(false);
        let work = Work {
            store,
            journal,
            reader,
            state,
            load,
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the one task that feeds the store"
        )]
        let task = tokio::spawn(work.run(stopping));
        Ok(Self {
            projection,
            stop,
            task,
        })
    }

    /// How it stands, now and whenever it changes.
    pub fn projection(&self) -> watch::Receiver<Projection> {
        self.projection.clone()
    }

    /// Takes over what is durable by now and ends. Waits at most `limit`: what
    /// is left stays in the journal, for the next start.
    pub async fn finish(self, limit: Span) {
        // A task that has ended already needs no word.
        let _ = self.stop.send(true);
        let limit = Duration::from_millis(limit.as_millis());
        if tokio::time::timeout(limit, self.task).await.is_err() {
            let lag = self.projection.borrow().lag;
            tracing::warn!(
                lag,
                "the store is behind the journal; it catches up at the next start"
            );
        }
    }
}

struct Work {
    store: Store,
    journal: Journal,
    reader: Arc<Mutex<Reader>>,
    state: watch::Sender<Projection>,
    load: watch::Receiver<Load>,
}

impl Work {
    async fn run(self, mut stopping: watch::Receiver<bool>) {
        let mut durable = self.journal.durable();
        let mut pause = FIRST_PAUSE;
        let mut migrated = false;
        loop {
            self.give_way(&mut stopping).await;
            let target = *durable.borrow_and_update();
            match self.step(&mut migrated).await {
                Ok(progress) => {
                    pause = FIRST_PAUSE;
                    self.report(progress, target);
                    if progress.entries > 0 {
                        if progress.entries < projection::BATCH {
                            pause_between(&mut stopping, GATHERING).await;
                        }
                        continue;
                    }
                    if *stopping.borrow() {
                        return;
                    }
                    tokio::select! {
                        changed = durable.changed() => if changed.is_err() { return },
                        changed = stopping.changed() => if changed.is_err() { return },
                    }
                }
                Err(error) => {
                    self.failed(&error, target);
                    if *stopping.borrow() {
                        return;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                        changed = stopping.changed() => if changed.is_err() { return },
                    }
                }
            }
        }
    }

    /// While calls need the machine, the store gets a batch now and then only.
    async fn give_way(&self, stopping: &mut watch::Receiver<bool>) {
        let mut load = self.load.clone();
        let normal = load.wait_for(|load| *load == Load::Normal);
        tokio::select! {
            _ = normal => {}
            () = pause_between(stopping, GIVEN_WAY) => {}
        }
    }

    /// The next batch; before the first one the tables are brought up to date,
    /// since the store may have been away when the run began.
    async fn step(&self, migrated: &mut bool) -> Result<Progress, StoreError> {
        if !*migrated {
            self.store.migrate().await?;
            *migrated = true;
        }
        step(&self.store, &self.reader).await
    }

    fn report(&self, progress: Progress, durable: u64) {
        self.journal.taken_over(progress.seq);
        let lag = durable.saturating_sub(progress.seq);
        metrics::counter!("switchyard_projection_entries_total")
            .increment(u64::from(progress.entries));
        metrics::gauge!("switchyard_projection_lag_entries").set(lag as f64);
        self.state.send_if_modified(|state| {
            if state.failing.is_some() {
                tracing::info!(lag, "the store takes the journal over again");
            }
            let now = Projection {
                taken_over: progress.seq,
                taken_over_at: progress.at.or(state.taken_over_at),
                lag,
                failing: None,
            };
            let changed = *state != now;
            *state = now;
            changed
        });
    }

    fn failed(&self, error: &StoreError, durable: u64) {
        metrics::counter!("switchyard_projection_failures_total").increment(1);
        self.state.send_modify(|state| {
            let why = error.to_string();
            if state.failing.as_ref() != Some(&why) {
                tracing::error!(
                    why,
                    "the journal cannot be taken over into the store; it is tried again"
                );
            }
            state.lag = durable.saturating_sub(state.taken_over);
            metrics::gauge!("switchyard_projection_lag_entries").set(state.lag as f64);
            state.failing = Some(why);
        });
    }
}

/// Waits between two batches, but not when the end is asked for.
async fn pause_between(stopping: &mut watch::Receiver<bool>, pause: Duration) {
    tokio::select! {
        _ = stopping.wait_for(|stopping| *stopping) => {}
        () = tokio::time::sleep(pause) => {}
    }
}

/// Takes over everything that is in the journal now.
///
/// # Errors
/// [`StoreError`] at the first batch that fails; those before it are kept.
pub async fn catch_up(store: &Store, journal: &Journal) -> Result<(), StoreError> {
    let reader = Arc::new(Mutex::new(journal.reader()?));
    loop {
        let progress = step(store, &reader).await?;
        journal.taken_over(progress.seq);
        if progress.entries == 0 {
            return Ok(());
        }
    }
}

/// Takes the journal over once more from its first entry that is still kept.
/// The tables must not change by it.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn start_over(store: &Store, journal: &Journal) -> Result<(), StoreError> {
    let id = journal.id().to_owned();
    store
        .write(move |conn| Ok(projection::forget(conn, &id)?))
        .await?;
    catch_up(store, journal).await
}

async fn step(store: &Store, reader: &Arc<Mutex<Reader>>) -> Result<Progress, StoreError> {
    let reader = Arc::clone(reader);
    store
        .write(move |conn| {
            let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            projection::take_over(conn, &mut reader)
        })
        .await
}
