//! The store: calls, agents and people in SQLite (the default) or PostgreSQL,
//! by one set of queries.
//!
//! What happens to calls goes to the local [`journal`] first; the [`projector`]
//! takes it over into the tables, and may lag when the database is away.

pub mod callbacks;
pub mod calls;
mod connection;
mod error;
pub mod journal;
pub mod messages;
mod migrations;
pub mod moment;
pub mod page;
pub mod password;
mod pool;
mod projection;
pub mod projector;
pub mod recall;
pub mod recordings;
pub mod requests;
pub mod schema;
pub mod sessions;
mod url;
pub mod users;
mod word;

pub use connection::AnyConnection;
pub use error::StoreError;
pub use url::{StoreUrl, StoreUrlError};

use connection::{Opening, check_sqlite_path};
use pool::Pool;
use std::sync::Arc;

/// What stands in `site` and `switch` of a row that belongs to all of them.
pub const EVERY: &str = "*";

/// The store. Cheap to clone; all clones share their connections.
#[derive(Clone)]
pub struct Store {
    pool: Arc<Pool>,
}

impl Store {
    /// Checks the address. Nothing is connected or created yet: that a database
    /// is away must not keep the controller from starting.
    ///
    /// # Errors
    /// A malformed url, or an SQLite file whose folder is missing.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        let url = StoreUrl::parse(url)?;
        if let StoreUrl::Sqlite(path) = &url {
            check_sqlite_path(path)?;
        }
        Ok(Self {
            pool: Arc::new(Pool::new(url)),
        })
    }

    /// The address, for people: without its password.
    pub fn url(&self) -> &StoreUrl {
        &self.pool.url
    }

    /// Brings the tables up to date, and names the migrations that were run.
    /// The only thing that creates an SQLite file.
    ///
    /// # Errors
    /// [`StoreError`] when the database is away or a migration fails; then
    /// nothing has changed.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        let turn = self.pool.turn(true).await?;
        let pool = Arc::clone(&self.pool);
        blocking(move || {
            let _turn = turn;
            migrations::run(&mut AnyConnection::open(&pool.url, Opening::Create)?)
        })
        .await
    }

    /// Whether the database answers and its tables are up to date.
    ///
    /// # Errors
    /// [`StoreError::NotMigrated`] when they are not, others when it does not answer.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.read(|conn| match migrations::pending(conn)? {
            pending if pending.is_empty() => Ok(()),
            pending => Err(StoreError::NotMigrated { pending }),
        })
        .await
    }

    /// Runs queries on a thread that may block.
    ///
    /// # Errors
    /// Those of `work`, and those of connecting.
    pub async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let turn = self.pool.turn(false).await?;
        let pool = Arc::clone(&self.pool);
        blocking(move || pool.run(turn, work)).await
    }

    /// Runs `work` in one transaction, on a thread that may block.
    ///
    /// # Errors
    /// Those of `work`, upon which nothing was written, and those of connecting.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut AnyConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let turn = self.pool.turn(true).await?;
        let pool = Arc::clone(&self.pool);
        blocking(move || pool.run(turn, |conn| conn.write(work))).await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::Interrupted {
            why: error.to_string(),
        }),
    }
}
