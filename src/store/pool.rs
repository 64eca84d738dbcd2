//! A few connections, kept open and handed to one task at a time.

use crate::store::connection::{AnyConnection, Opening};
use crate::store::error::{StoreError, breaks_connection};
use crate::store::url::StoreUrl;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections open at once.
const CONNECTIONS: usize = 8;
/// Tasks that may wait for a connection before the next is told that it is too many.
const MAX_WAITING: usize = 1_024;

pub(super) struct Pool {
    pub(super) url: StoreUrl,
    free: Arc<Semaphore>,
    waiting: Semaphore,
    idle: Mutex<Vec<AnyConnection>>,
    /// One writer at a time, where the database allows no more.
    writer: Arc<Semaphore>,
}

/// The right to use one connection. It goes with the work to its thread, since
/// the work goes on there when nobody waits for its answer any more.
pub(super) struct Turn {
    _connection: OwnedSemaphorePermit,
    _writer: Option<OwnedSemaphorePermit>,
}

impl Pool {
    pub(super) fn new(url: StoreUrl) -> Self {
        let writers = match url {
            StoreUrl::Sqlite(_) => 1,
            StoreUrl::Postgresql(_) => CONNECTIONS,
        };
        Self {
            url,
            free: Arc::new(Semaphore::new(CONNECTIONS)),
            waiting: Semaphore::new(MAX_WAITING),
            idle: Mutex::new(Vec::new()),
            writer: Arc::new(Semaphore::new(writers)),
        }
    }

    pub(super) async fn turn(&self, writes: bool) -> Result<Turn, StoreError> {
        let overloaded = |_| StoreError::Overloaded {
            waiting: MAX_WAITING,
        };
        let closed = |_| StoreError::Interrupted {
            why: "the store is closed".to_owned(),
        };
        let _place = self.waiting.try_acquire().map_err(overloaded)?;
        // A writer waits for its turn before it takes a connection from the readers.
        let writer = match writes {
            true => Some(
                Arc::clone(&self.writer)
                    .acquire_owned()
                    .await
                    .map_err(closed)?,
            ),
            false => None,
        };
        let connection = Arc::clone(&self.free)
            .acquire_owned()
            .await
            .map_err(closed)?;
        Ok(Turn {
            _connection: connection,
            _writer: writer,
        })
    }

    /// Runs `work` on a connection. Blocks.
    pub(super) fn run<T>(
        &self,
        _turn: Turn,
        work: impl FnOnce(&mut AnyConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut conn = match self.take_idle() {
            Some(conn) => conn,
            None => AnyConnection::open(&self.url, Opening::Existing)?,
        };
        let result = work(&mut conn);
        let broken = matches!(&result, Err(StoreError::Query(error)) if breaks_connection(error));
        if !broken && conn.is_at_rest() {
            self.idle().push(conn);
        }
        result
    }

    /// A kept connection that still works; those found dead are closed.
    fn take_idle(&self) -> Option<AnyConnection> {
        loop {
            let mut conn = self.idle().pop()?;
            if conn.is_alive() {
                return Some(conn);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<AnyConnection>> {
        // Nothing panics while it is held; the list is whole in any case.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
