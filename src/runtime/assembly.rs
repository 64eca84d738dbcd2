//! Puts a centre together from its configuration, and takes it apart again:
//! journal, store, switches, engine, recordings.

use crate::clock;
use crate::config::Config;
use crate::engine::Engine;
use crate::engine::event::Event;
use crate::engine::time::Span;
use crate::recordings::{Filer, FolderError};
use crate::runtime::answers::Answers;
use crate::runtime::board::Board;
use crate::runtime::board::keeper::BoardKeeper;
use crate::runtime::condition::Condition;
use crate::runtime::driver::{Driver, EVENT_QUEUE};
use crate::runtime::executor::Executor;
use crate::runtime::handle::Handle;
use crate::runtime::links;
use crate::runtime::load::Load;
use crate::store::journal::{Journal, JournalError};
use crate::store::projector::{Projection, Projector};
use crate::store::{Store, StoreError, recall};
use crate::switch::link::{LinkState, SwitchLink};
use rand::TryRng;
use rand::rngs::SysRng;
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Questions that may wait for the driver; who asks more waits.
const LOOKS: usize = 16;
/// How long a stopping centre waits for the store to take over what is journalled;
/// what it has not is taken over at the next start.
const LAST_CATCH_UP: Span = Span::seconds(5);
/// How long a drained centre waits for answers after the last one called off.
const SETTLING: Duration = Duration::from_secs(3);
/// How long adapters may take to write the orders they were given.
const LAST_ORDERS: Duration = Duration::from_secs(5);
/// How long the journal may take to write what it was given.
const LAST_WRITES: Duration = Duration::from_secs(10);

/// A centre at work.
pub struct Running {
    pub handle: Handle,
    pub store: Store,
    pub journal: Journal,
    projector: Projector,
    filer: Filer,
    /// None once used.
    stop: Option<oneshot::Sender<()>>,
    /// None once it has ended.
    driver: Option<JoinHandle<()>>,
    draining: watch::Sender<bool>,
}

/// Why a centre could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the journal: {0}")]
    Journal(#[from] JournalError),
    #[error("the store: {0}")]
    Store(#[from] StoreError),
    #[error("the recordings folder: {0}")]
    Recordings(#[from] FolderError),
    #[error("the system gives no random numbers: {0}")]
    Random(rand::rngs::SysError),
}

/// Starts a centre: takes up what was live from the journal, attaches to every
/// switch, and brings the store up to date beside it.
///
/// # Errors
/// [`StartError`] when the journal, the store or the recordings folder cannot
/// be used. A switch or a database that is away is no error: it is tried again.
pub async fn start(config: &Config) -> Result<Running, StartError> {
    let keep = Span::seconds(config.journal.keep_days.saturating_mul(86_400));
    let journal = Journal::open(&config.journal.path, keep)?;
    let store = Store::open(&config.store.url)?;
    let centre = config.centre(clock::now());
    let remembered = recall::recall(&journal)?.remembered();

    let (events, inbox) = mpsc::channel(EVENT_QUEUE);
    let (changed, changes) = watch::channel(0);
    let (looks, looked) = mpsc::channel(LOOKS);
    let (draining, drains) = watch::channel(false);
    let (load, loaded) = watch::channel(Load::Normal);
    let mut board = Board::new(&centre);
    board.remember(&remembered);
    let board = Arc::new(RwLock::new(board));
    let begin = [
        Event::Started {
            seed: SysRng.try_next_u64().map_err(StartError::Random)?,
        },
        Event::Configured {
            centre: Box::new(centre.clone()),
        },
        Event::Remembered { remembered },
    ];

    let links: Vec<SwitchLink> = config
        .switches
        .iter()
        .map(|switch| links::start(switch, &centre, &events))
        .collect();
    let media = links
        .iter()
        .map(|link| (link.id.clone(), Arc::clone(&link.media)))
        .collect();
    let filer = Filer::start(
        &config.recordings.folder,
        config.centre.tenant.clone(),
        media,
        events.downgrade(),
    )?;
    let orders = links
        .iter()
        .map(|link| (link.id.clone(), link.orders.clone()))
        .collect();
    let (feed, keeper) = BoardKeeper::new(Arc::clone(&board), changed, journal.clone());
    #[expect(
        clippy::disallowed_methods,
        reason = "the one task that keeps the board"
    )]
    drop(tokio::spawn(keeper.run()));
    let answers = Answers::default();
    let mut driver = Driver {
        engine: Engine::new(),
        events: inbox,
        executor: Executor::new(orders, journal.clone(), events.downgrade()),
        journal: journal.clone(),
        filing: filer.orders(),
        board: feed,
        looks: looked,
        load,
        answers: answers.clone(),
    };
    driver.begin(begin);
    let (stop, stopped) = oneshot::channel();
    #[expect(
        clippy::disallowed_methods,
        reason = "the one task that owns the engine"
    )]
    let driver = tokio::spawn(driver.run(stopped));
    // The store comes last: no call waits for it.
    let projector = Projector::start(store.clone(), journal.clone(), loaded.clone())?;
    let condition = Condition {
        journal: journal.health(),
        durable: journal.durable(),
        projection: projector.projection(),
        load: loaded,
    };
    match store.migrate().await {
        Err(error) if error.is_away() => {
            tracing::error!(%error, "the store is away; the centre goes on without it");
        }
        migrated => drop(migrated?),
    }
    let links = links
        .into_iter()
        .map(|link| (link.id, link.state))
        .collect::<BTreeMap<_, _>>();
    let handle = Handle {
        events,
        board,
        changed: changes,
        condition,
        links,
        looks,
        draining: drains,
        answers,
    };
    Ok(Running {
        handle,
        store,
        journal,
        projector,
        filer,
        stop: Some(stop),
        driver: Some(driver),
        draining,
    })
}

impl Running {
    /// How far the store has taken the journal over, now and whenever that changes.
    pub fn projection(&self) -> watch::Receiver<Projection> {
        self.projector.projection()
    }

    /// Waits until the engine's task has ended, which it does by itself only
    /// when it was drained or has failed.
    pub async fn ended(&mut self) {
        let Some(driver) = &mut self.driver else {
            return;
        };
        if let Err(error) = driver.await {
            tracing::error!(%error, "the driver ended badly");
        }
        self.driver = None;
    }

    /// Rings nobody new, and waits until who rings has answered or, after
    /// `limit`, was called off, and every order has its answer.
    pub async fn drain(&mut self, limit: Span) {
        self.draining.send_replace(true);
        let until = clock::now() + limit;
        let told = self.handle.events.send(Event::Drain { until }).await;
        let patience = Duration::from_millis(limit.as_millis()) + SETTLING;
        if told.is_ok() && timeout(patience, self.ended()).await.is_err() {
            tracing::warn!("some orders have no answer yet; the next start finds out");
        }
    }

    /// Stops deciding, and keeps what was decided: every order that was given
    /// to an adapter is written, every entry is on disk, and the journal is
    /// free when this returns. Calls stay in their switches: conversations go
    /// on, and waiting callers take the fallback path when their dead-man's
    /// timer runs out.
    pub async fn stop(mut self) {
        let links: Vec<_> = self.handle.links.values().cloned().collect();
        // The driver may have ended by itself; then there is nobody to tell.
        let _ = self.stop.take().map(|stop| stop.send(()));
        self.ended().await;
        let Self {
            handle,
            store: _,
            journal,
            projector,
            filer,
            stop: _,
            driver: _,
            draining: _,
        } = self;
        drop(handle);
        let closed = async {
            for mut link in links {
                // An adapter that is gone without a word is closed too.
                let _ = link.wait_for(|state| *state == LinkState::Closed).await;
            }
        };
        if timeout(LAST_ORDERS, closed).await.is_err() {
            tracing::warn!("an adapter did not close in time");
        }
        filer.finish().await;
        projector.finish(LAST_CATCH_UP).await;
        if timeout(LAST_WRITES, journal.close()).await.is_err() {
            tracing::error!("the journal could not be closed; its disk may be failing");
        }
    }
}
