//! `switchyard serve`: a centre with its pages, from its start until it is
//! asked to end, to read its settings again, or to hand over.

use crate::clock;
use crate::config::Config;
use crate::config::difference::Difference;
use crate::config::finding::{ConfigErrors, Finding};
use crate::engine::event::Event;
use crate::engine::request::Principal;
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::runtime::assembly::{self, Running, StartError};
use crate::runtime::control::{self, Asked, Control, ControlError, Reply, Request};
use crate::runtime::handle::Handle;
use crate::runtime::systemd;
use crate::web::auth::{FirstAdmin, ensure_first_admin};
use crate::web::{self, WebStartError, WebState};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::{interval, timeout};

/// How long requests under way may take when the pages close.
const LAST_REQUESTS: Duration = Duration::from_secs(3);
/// How long a controller may take to hand over.
const HAND_OVER: Duration = Duration::from_secs(60);

/// How often the engine is told the open hours of the coming weeks.
const DAY: Duration = Duration::from_secs(86_400);

/// What is to be served.
pub struct Service {
    pub config: Config,
    /// The file that a reload reads again; none when there is nothing to reload.
    pub file: Option<PathBuf>,
    /// Ask a controller that holds the journal to hand over.
    pub take_over: bool,
}

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
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("the running controller does not hand over: {0}")]
    NotHandedOver(String),
    #[error("the first administrator could not be made: {0}")]
    FirstAdmin(#[from] web::auth::FirstAdminError),
    #[error("signals cannot be received: {0}")]
    Signals(io::Error),
    #[error("the engine ended by itself; calls stay in their switches until the next start")]
    EngineEnded,
}

/// Why and how a centre ends.
enum Leave {
    /// Asked to by a signal: who rings may still answer.
    Drain,
    /// At once.
    Now,
    /// At once, for the controller that waits for the answer.
    HandOver(oneshot::Sender<Reply>),
    /// The engine is gone.
    Lost,
}

/// Runs a centre until SIGTERM or SIGINT, until another controller takes over,
/// or until `other` resolves. `up` is called once when it takes calls.
///
/// # Errors
/// [`ServeError`] when something it needs cannot be used.
pub async fn serve(
    service: Service,
    up: impl FnOnce(Up<'_>),
    other: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let signals = Signals::new().map_err(ServeError::Signals)?;
    let config = &service.config;
    if service.take_over {
        take_over(config).await?;
    }
    let listener = web::listen(&config.http).await?;
    let address = listener.local_addr().map_err(ServeError::Signals)?;
    let mut running = assembly::start(config).await?;
    let control = Control::listen(&config.journal.path)?;
    let first_admin = ensure_first_admin(&running.store, &config.centre.tenant).await?;
    let state = WebState {
        handle: running.handle.clone(),
        store: running.store.clone(),
        settings: config.http.clone(),
        tenant: config.centre.tenant.clone(),
        recordings: config.recordings.folder.clone(),
    };
    let (close, closed) = oneshot::channel::<()>();
    let pages = web::serve(listener, state, async move { drop(closed.await) });
    tokio::pin!(pages);
    up(Up {
        running: &running,
        address,
        first_admin,
    });
    systemd::ready();
    let mut keeper = Keeper {
        signals,
        control,
        file: service.file,
        drain: Span::seconds(config.limits.drain_s),
        config: service.config,
    };
    let leave = tokio::select! {
        leave = keeper.keep(&mut running) => leave,
        () = other => Leave::Now,
        ended = &mut pages => {
            running.stop().await;
            return Ok(ended?);
        }
    };
    systemd::stopping();
    if matches!(leave, Leave::Drain) {
        tokio::select! {
            () = running.drain(keeper.drain) => {}
            () = keeper.signals.asked_to_end() => tracing::warn!("asked again: ending at once"),
            // Pages are of no more use; calls are.
            _ = &mut pages => running.drain(keeper.drain).await,
        }
    }
    drop(close);
    if timeout(LAST_REQUESTS, &mut pages).await.is_err() {
        tracing::warn!("some requests were not finished when the pages closed");
    }
    let answers = keeper.control.close();
    running.stop().await;
    match leave {
        Leave::HandOver(answer) => {
            tracing::info!("handed over: the next controller has the journal");
            // When it has gone meanwhile, the next start takes over all the same.
            let _ = answer.send(Reply::Released);
        }
        Leave::Lost => return Err(ServeError::EngineEnded),
        Leave::Drain | Leave::Now => {}
    }
    if let Some(answers) = answers
        && timeout(LAST_REQUESTS, answers).await.is_err()
    {
        tracing::warn!("an answer on the control socket could not be written");
    }
    Ok(())
}

/// Asks the controller that holds the journal to end; there may be none.
async fn take_over(config: &Config) -> Result<(), ServeError> {
    match control::ask(&config.journal.path, Request::HandOver, HAND_OVER).await {
        Ok(Reply::Released) => tracing::info!("the running controller handed over"),
        Ok(Reply::Refused { why, .. }) => return Err(ServeError::NotHandedOver(why)),
        Ok(Reply::Reloaded { .. } | Reply::Waiting { .. } | Reply::Idle { .. } | Reply::Done) => {
            return Err(ServeError::NotHandedOver(
                "it answered another question".to_owned(),
            ));
        }
        Err(ControlError::Nobody { .. }) => {
            tracing::info!("no controller runs: nothing to take over")
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// What a running centre listens to beside its calls.
struct Keeper {
    signals: Signals,
    control: Control,
    file: Option<PathBuf>,
    /// How long ringing agents may take to answer when it is asked to end.
    drain: Span,
    /// What counts now.
    config: Config,
}

impl Keeper {
    /// Serves signals and requests until one of them ends the centre.
    async fn keep(&mut self, running: &mut Running) -> Leave {
        let handle = running.handle.clone();
        let watchdog = watch_over(&handle);
        tokio::pin!(watchdog);
        let mut days = interval(DAY);
        // The first turn is at once, and the start has told that day.
        days.tick().await;
        loop {
            tokio::select! {
                told = self.signals.next() => match told {
                    Told::End => return Leave::Drain,
                    // The log has the outcome; there is nobody to answer.
                    Told::Reload => drop(self.reload(&handle).await),
                },
                Asked { request, uid, answer } = self.control.next() => match request {
                    Request::HandOver => return Leave::HandOver(answer),
                    Request::Reload => {
                        let reply = self.reload(&handle).await;
                        // Whoever asked may have gone; the log has the outcome.
                        let _ = answer.send(reply);
                    }
                    Request::WhyWaiting { call } => {
                        let look = handle.look(move |engine| engine.why_waiting(call, clock::now()));
                        let why = look.await;
                        let _ = answer.send(Reply::Waiting { why: why.flatten() });
                    }
                    Request::WhyIdle { agent } => {
                        let look = handle.look(move |engine| engine.why_idle(&agent, clock::now()));
                        let why = look.await;
                        let _ = answer.send(Reply::Idle { why: why.flatten() });
                    }
                    Request::Engine { what } => {
                        let by = Principal::User(OutsideText::new(&format!("operator, uid {uid}")));
                        let reply = match handle.request(by, what).await {
                            Ok(()) => Reply::Done,
                            Err(error) => Reply::Refused {
                                why: error.to_string(),
                                differences: Vec::new(),
                            },
                        };
                        let _ = answer.send(reply);
                    }
                },
                _ = days.tick() => self.next_day(&handle).await,
                () = running.ended() => return Leave::Lost,
                () = &mut watchdog => {}
            }
        }
    }

    /// Reads the file again and takes over what changed: everything or nothing.
    async fn reload(&mut self, handle: &Handle) -> Reply {
        systemd::reloading();
        let reply = self.read_again(handle).await;
        match &reply {
            Reply::Reloaded { differences } => {
                for difference in differences {
                    tracing::info!("reloaded: {difference}");
                }
                tracing::info!(
                    changed = differences.len(),
                    "the configuration was reloaded"
                );
            }
            Reply::Refused { why, .. } => {
                tracing::error!("the configuration was not reloaded, nothing was changed: {why}");
            }
            Reply::Released | Reply::Waiting { .. } | Reply::Idle { .. } | Reply::Done => {}
        }
        systemd::ready();
        reply
    }

    /// Tells the engine the open hours of the coming weeks anew; nothing else changes.
    async fn next_day(&self, handle: &Handle) {
        if self.config.calendars.is_empty() {
            return;
        }
        warn(&self.config);
        let centre = Box::new(self.config.centre(clock::now()));
        // An engine that has ended is noticed by whoever waits for its end.
        drop(handle.events.send(Event::Configured { centre }).await);
    }

    async fn read_again(&mut self, handle: &Handle) -> Reply {
        let refused = |why: String, differences| Reply::Refused { why, differences };
        let Some(file) = &self.file else {
            return refused("it was not read from a file".to_owned(), Vec::new());
        };
        let config = match Config::load(file) {
            Ok(config) => config,
            Err(errors) => return refused(told(&errors), Vec::new()),
        };
        let differences = config.differences(&self.config);
        let fixed: Vec<&Difference> = differences
            .iter()
            .filter(|difference| difference.needs_restart)
            .collect();
        if !fixed.is_empty() {
            let settings: Vec<&str> = fixed.iter().map(|fixed| fixed.setting.as_str()).collect();
            let why = format!(
                "a restart is needed for {} (it loses no call)",
                settings.join(", ")
            );
            return refused(why, differences);
        }
        let centre = Box::new(config.centre(clock::now()));
        if handle
            .events
            .send(Event::Configured { centre })
            .await
            .is_err()
        {
            return refused("the engine has ended".to_owned(), differences);
        }
        warn(&config);
        self.drain = Span::seconds(config.limits.drain_s);
        self.config = config;
        Reply::Reloaded { differences }
    }
}

fn warn(config: &Config) {
    for warning in config.warnings_at(clock::now()) {
        tracing::warn!("{warning}");
    }
}

fn told(errors: &ConfigErrors) -> String {
    match errors {
        ConfigErrors::Found(found) => {
            let found: Vec<String> = found.iter().map(Finding::to_string).collect();
            found.join("\n")
        }
        unreadable => unreadable.to_string(),
    }
}

/// Tells the service manager again and again that the engine takes events, for
/// as long as that is so.
async fn watch_over(handle: &Handle) {
    let Some(limit) = systemd::watchdog() else {
        return std::future::pending().await;
    };
    let mut turns = interval(limit / 2);
    loop {
        turns.tick().await;
        if timeout(limit / 2, handle.pulse()).await == Ok(true) {
            systemd::alive();
        } else {
            tracing::error!("the engine does not take events");
        }
    }
}

/// The signals that are for the whole process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::End,
            _ = self.interrupt.recv() => Told::End,
            _ = self.hang_up.recv() => Told::Reload,
        }
    }

    async fn asked_to_end(&mut self) {
        while self.next().await != Told::End {}
    }
}

/// What a signal asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    End,
    Reload,
}
