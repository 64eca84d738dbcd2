//! `switchyard serve`: a centre with its pages, until the process is asked to end.

use crate::config::Config;
use crate::runtime::assembly::{self, Running, StartError};
use crate::web::auth::{FirstAdmin, ensure_first_admin};
use crate::web::{self, WebStartError, WebState};
use std::io;
use std::net::SocketAddr;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A centre that has come up.
pub struct Up<'a> {
    pub running: &'a Running,
    /// Where the pages are.
    pub address: SocketAddr,
    /// Told once, when the first administrator was made.
    pub first_admin: Option<FirstAdmin>,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Web(#[from] WebStartError),
    #[error("the first administrator could not be made: {0}")]
    FirstAdmin(#[from] web::auth::FirstAdminError),
    #[error("signals cannot be received: {0}")]
    Signals(io::Error),
}

/// Runs a centre until SIGTERM or SIGINT, or until `other` resolves. `up` is
/// called once when it takes calls.
///
/// # Errors
/// [`ServeError`] when something it needs cannot be used.
pub async fn serve(
    config: &Config,
    up: impl FnOnce(Up<'_>),
    other: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let listener = web::listen(&config.http).await?;
    let address = listener.local_addr().map_err(ServeError::Signals)?;
    let running = assembly::start(config).await?;
    let first_admin = ensure_first_admin(&running.store, &config.centre.tenant).await?;
    up(Up {
        running: &running,
        address,
        first_admin,
    });
    let state = WebState {
        handle: running.handle.clone(),
        store: running.store.clone(),
        settings: config.http.clone(),
        tenant: config.centre.tenant.clone(),
    };
    let stop = async move {
        tokio::select! {
            () = received(&mut terminate) => {}
            () = received(&mut interrupt) => {}
            () = other => {}
        }
    };
    let served = web::serve(listener, state, stop).await;
    running.stop().await;
    Ok(served?)
}

async fn received(signal: &mut Signal) {
    signal.recv().await;
}
