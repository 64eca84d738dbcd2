//! The web: pages, the JSON API and the live streams, for people and programs.
//! [`router`] has every address on one page, each with who may use it.

pub mod access;
pub mod api;
pub mod assets;
pub mod auth;
pub mod error;
pub mod headers;
pub mod health;
pub mod live;
pub mod locale;
pub mod metrics;
pub mod pages;
mod rate;
pub mod router;
pub mod routes;
pub mod shed;
pub mod templates;

use crate::config::http::HttpConfig;
use crate::engine::id::TenantId;
use crate::runtime::handle::Handle;
use crate::store::Store;
use auth::Sessions;
use auth::lockout::Lockout;
use live::Live;
use locale::{LocaleError, Locales};
use metrics_exporter_prometheus::PrometheusHandle;
use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use templates::{TemplateError, Templates};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// What the web is given.
#[derive(Clone)]
pub struct WebState {
    pub handle: Handle,
    pub store: Store,
    pub settings: HttpConfig,
    pub tenant: TenantId,
    /// The recordings folder, from which messages are heard.
    pub recordings: PathBuf,
}

/// Everything the handlers share. Cheap to clone.
#[derive(Clone)]
pub struct Web(Arc<Shared>);

pub struct Shared {
    pub handle: Handle,
    pub store: Store,
    pub settings: HttpConfig,
    pub tenant: TenantId,
    pub recordings: PathBuf,
    pub sessions: Sessions,
    pub lockout: Mutex<Lockout>,
    pub rate: Mutex<rate::Rate>,
    pub locales: Arc<Locales>,
    pub templates: Templates,
    pub live: Live,
    pub metrics: PrometheusHandle,
    /// Room for requests at work.
    pub requests: Semaphore,
}

impl Deref for Web {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

#[derive(Debug, thiserror::Error)]
pub enum WebStartError {
    #[error(transparent)]
    Locales(#[from] LocaleError),
    #[error(transparent)]
    Templates(#[from] TemplateError),
    #[error("the metrics cannot be collected: {0}")]
    Metrics(String),
    #[error("cannot listen on {address}: {why}; choose another `listen` under [http]")]
    Listen { address: SocketAddr, why: io::Error },
    #[error("the web server ended: {0}")]
    Serve(io::Error),
}

impl Web {
    /// # Errors
    /// [`WebStartError`] when a template or a text is not valid.
    pub fn new(state: WebState) -> Result<Self, WebStartError> {
        let WebState {
            handle,
            store,
            settings,
            tenant,
            recordings,
        } = state;
        let locales = Arc::new(Locales::load()?);
        Ok(Self(Arc::new(Shared {
            sessions: Sessions::new(store.clone(), &settings),
            lockout: Mutex::default(),
            rate: Mutex::default(),
            templates: Templates::load(Arc::clone(&locales))?,
            live: Live::default(),
            requests: Semaphore::new(shed::MAX_REQUESTS),
            metrics: metrics::recorder().map_err(WebStartError::Metrics)?,
            handle,
            store,
            settings,
            tenant,
            recordings,
            locales,
        })))
    }
}

/// Listens where the settings say.
///
/// # Errors
/// [`WebStartError::Listen`] when the address is taken or not ours.
pub async fn listen(settings: &HttpConfig) -> Result<TcpListener, WebStartError> {
    let address = settings.listen;
    TcpListener::bind(address)
        .await
        .map_err(|why| WebStartError::Listen { address, why })
}

/// Serves until `stop` resolves, then lets requests under way finish and ends
/// the live streams.
///
/// # Errors
/// [`WebStartError`] when a template or a text is not valid, or the listener fails.
pub async fn serve(
    listener: TcpListener,
    state: WebState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), WebStartError> {
    let web = Web::new(state)?;
    let app = router::app(web.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let closing = web.clone();
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        stop.await;
        closing.live.close();
    });
    tokio::select! {
        // The publisher ends with the engine; pages then say that the link is gone.
        () = async { tokio::join!(live::publish(web.clone()), metrics::upkeep(&web)); } => {
            std::future::pending().await
        }
        served = server => served.map_err(WebStartError::Serve),
    }
}
