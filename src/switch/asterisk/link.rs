//! The connection that brings ARI's events: connect, take stock, listen,
//! notice silence, come back.

use super::api::{Api, ApiError};
use super::bridges;
use super::bridging;
use super::executor::{Executor, Find};
use super::message::{Bridge, Channel, Message};
use super::recorder;
use super::request::{Method, Request};
use super::translate::{Chore, Meaning, Translator};
use crate::engine::id::ChannelId;
use crate::engine::text::OutsideText;
use crate::switch::SwitchEvent;
use crate::switch::backlog::{Backlog, Overrun};
use crate::switch::backoff::Backoff;
use crate::switch::link::{EngineGone, Inbox, LinkState};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use futures_util::{FutureExt, SinkExt};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tracing::{debug, info, warn};

/// The largest event read, in bytes: one with a bridge of a hundred channels
/// is about 5 kB.
const MAX_EVENT: usize = 1 << 20;
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const PING_EVERY: Duration = Duration::from_secs(2);
/// Longer silence than this, in spite of our pings, is a dead link.
const ALIVE_WITHIN: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<TcpStream>;

pub(super) struct Link<'a> {
    executor: &'a Executor,
    found: mpsc::Receiver<Find>,
    inbox: &'a Inbox,
    state: &'a watch::Sender<LinkState>,
    translator: Translator,
    backlog: Backlog,
}

/// Why a connection could not be made or ended.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("cannot connect to ARI at {address}: {why}")]
    Connect { address: String, why: String },
    #[error("wrong user or password for ARI (ari.conf)")]
    Credentials,
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("the event connection ended: {0}")]
    Ended(String),
    #[error("nothing came over the event connection for {} s", ALIVE_WITHIN.as_secs())]
    Silent,
    #[error(transparent)]
    Overrun(#[from] Overrun),
    #[error(
        "another program connected to ARI as the application {app:?} and has the switch now; \
         each switch entry and each controller needs an application of its own"
    )]
    Replaced { app: String },
    #[error(transparent)]
    Engine(#[from] EngineGone),
}

/// What became of a chore, where it matters.
enum ChoreDone {
    Nothing,
    /// A track could not be started, or is lost.
    TrackFailed {
        track: String,
        why: String,
    },
    /// A track turned out to have ended already.
    TrackEnded(String),
}

impl<'a> Link<'a> {
    pub(super) fn new(
        executor: &'a Executor,
        found: mpsc::Receiver<Find>,
        inbox: &'a Inbox,
        state: &'a watch::Sender<LinkState>,
    ) -> Self {
        Self {
            executor,
            found,
            inbox,
            state,
            translator: Translator::new(&executor.dialect.app)
                .with_devices(executor.dialect.endpoint()),
            backlog: Backlog::new(inbox.clone()),
        }
    }

    /// Connects and connects again, for ever.
    ///
    /// # Errors
    /// [`EngineGone`] when nobody takes the events any more.
    pub(super) async fn run(mut self) -> Result<(), EngineGone> {
        let mut backoff = Backoff::new(self.inbox.switch());
        let mut attempt = 1;
        let mut last_error = None;
        loop {
            self.state.send_replace(LinkState::Connecting {
                attempt,
                last_error: last_error.clone(),
            });
            let why = match self.connect().await {
                Ok((socket, chores)) => {
                    let why = self.listen(socket, chores).await?;
                    self.backlog.clear().await?;
                    let lost = OutsideText::new(&why.to_string());
                    let event = SwitchEvent::LinkLost { why: lost };
                    self.inbox.happened(event).await?;
                    attempt = 0;
                    backoff.reset();
                    why
                }
                Err(why) => why,
            };
            attempt += 1;
            warn!(switch = %self.inbox.switch(), %why, attempt, "not connected to Asterisk");
            let pause = match why {
                Broken::Engine(gone) => return Err(gone),
                Broken::Replaced { .. } => {
                    let why = why.to_string();
                    self.state.send_replace(LinkState::TakenOver { why });
                    backoff.rest()
                }
                _ => {
                    self.state.send_replace(LinkState::Connecting {
                        attempt,
                        last_error: Some(why.to_string()),
                    });
                    backoff.next()
                }
            };
            last_error = Some(why.to_string());
            tokio::time::sleep(pause).await;
        }
    }

    fn api(&self) -> &Api {
        &self.executor.api
    }

    /// Opens the event connection, subscribes, and tells the engine everything
    /// that lives on the switch. Gives what is to be cleared away there.
    async fn connect(&mut self) -> Result<(Socket, Vec<Chore>), Broken> {
        let opened = tokio::time::timeout(CONNECT_WITHIN, self.open_socket()).await;
        let socket = opened.unwrap_or_else(|_| {
            Err(self.unreachable(&format_args!(
                "no answer within {} s",
                CONNECT_WITHIN.as_secs()
            )))
        })?;
        let app = &self.executor.dialect.app;
        let filter = Request::new(Method::Put, &["applications", app, "eventFilter"]);
        self.api().send(&filter.json(event_filter())).await?;
        // What happens from here on waits in the socket until the stock is taken.
        let channels: Vec<Channel> = self.api().fetch(&Request::get(&["channels"])).await?;
        let bridges: Vec<Bridge> = self.api().fetch(&Request::get(&["bridges"])).await?;
        self.executor.hearing.adopt(&bridges);
        let snapshot = self.translator.adopt(&channels, &bridges);
        let deserted = bridges::deserted(&bridges, &channels);
        info!(switch = %self.inbox.switch(), legs = snapshot.legs.len(), "connected to Asterisk");
        let snapshot = SwitchEvent::Snapshot(snapshot);
        self.inbox.happened(snapshot).await?;
        self.state.send_replace(LinkState::Alive);
        Ok((socket, deserted))
    }

    async fn open_socket(&self) -> Result<Socket, Broken> {
        let api = self.api();
        let path = Request::get(&["events"]).query("app", &self.executor.dialect.app);
        let path = path.address().map_err(ApiError::from)?;
        let url = api.address().events(&path);
        let mut request = url
            .into_client_request()
            .map_err(|error| self.unreachable(&error))?;
        if let Some(authorization) = api.authorization() {
            let headers = request.headers_mut();
            headers.insert("authorization", authorization);
        }
        let stream = TcpStream::connect(api.address().host_and_port()).await;
        let stream = stream.map_err(|error| self.unreachable(&error))?;
        stream
            .set_nodelay(true)
            .map_err(|error| self.unreachable(&error))?;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(MAX_EVENT))
            .max_frame_size(Some(MAX_EVENT));
        match client_async_with_config(request, stream, Some(limits)).await {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::Error::Http(answer)) if answer.status() == 401 => {
                Err(Broken::Credentials)
            }
            Err(error) => Err(self.unreachable(&error)),
        }
    }

    fn unreachable(&self, why: &dyn std::fmt::Display) -> Broken {
        Broken::Connect {
            address: self.api().address().base().to_owned(),
            why: why.to_string(),
        }
    }

    /// Takes events until the connection ends, and says why it did.
    /// Nothing but the socket is waited for: Asterisk cuts one that is not read.
    ///
    /// # Errors
    /// [`EngineGone`] when nobody takes the events any more.
    async fn listen(&mut self, mut socket: Socket, left: Vec<Chore>) -> Result<Broken, EngineGone> {
        let executor = self.executor;
        let mut chores: FuturesUnordered<BoxFuture<'_, ChoreDone>> = FuturesUnordered::new();
        chores.push(do_in_turn(executor, left).boxed());
        for track in self.translator.open_tracks() {
            chores.push(look_after(&executor.api, track).boxed());
        }
        let mut pings = tokio::time::interval(PING_EVERY);
        let mut silence = Box::pin(tokio::time::sleep(ALIVE_WITHIN));
        loop {
            let meaning = tokio::select! {
                frame = socket.next() => {
                    silence.set(tokio::time::sleep(ALIVE_WITHIN));
                    match frame {
                        Some(Ok(Frame::Text(text))) => match self.read(&text) {
                            Ok(meaning) => meaning,
                            Err(broken) => return Ok(broken),
                        },
                        Some(Ok(_)) => continue,
                        Some(Err(error)) => return Ok(Broken::Ended(error.to_string())),
                        None => return Ok(Broken::Ended("closed by Asterisk".to_owned())),
                    }
                }
                _ = pings.tick() => {
                    let ping = socket.send(Frame::Ping(tungstenite::Bytes::new()));
                    match tokio::time::timeout(ALIVE_WITHIN, ping).await {
                        Ok(Ok(())) => continue,
                        Ok(Err(error)) => return Ok(Broken::Ended(error.to_string())),
                        Err(_) => return Ok(Broken::Silent),
                    }
                }
                Some(find) = self.found.recv() => self.translator.found(find),
                () = &mut silence => return Ok(Broken::Silent),
                room = self.backlog.room(), if self.backlog.is_behind() => {
                    room?;
                    Meaning::default()
                }
                Some(done) = chores.next() => match done {
                    ChoreDone::Nothing => continue,
                    ChoreDone::TrackFailed { track, why } => {
                        self.translator.track_failed(&track, &why)
                    }
                    ChoreDone::TrackEnded(track) => self.translator.track_ended(&track),
                },
            };
            for chore in meaning.chores {
                chores.push(do_chore(executor, chore).boxed());
            }
            let mut events = meaning.events;
            for event in &mut events {
                if let SwitchEvent::HungUp { channel, cause } = event {
                    executor.hearing.forget(channel);
                    *cause = executor.farewells.take(channel).unwrap_or(*cause);
                }
            }
            self.backlog.tell(events)?;
            if let Err(overrun) = self.backlog.check() {
                return Ok(overrun.into());
            }
        }
    }

    fn read(&mut self, text: &str) -> Result<Meaning, Broken> {
        let message = match serde_json::from_str::<Message>(text) {
            Ok(message) => message,
            Err(error) => {
                metrics::counter!("switchyard_ari_events_not_understood_total").increment(1);
                let begin: String = text.chars().take(200).collect();
                warn!(switch = %self.inbox.switch(), %error, begin, "an ARI event was not understood");
                return Ok(Meaning::default());
            }
        };
        match &message {
            Message::ApplicationReplaced {} => {
                let app = self.executor.dialect.app.clone();
                return Err(Broken::Replaced { app });
            }
            Message::Unknown => {
                metrics::counter!("switchyard_ari_events_unknown_total").increment(1);
            }
            Message::StasisStart { channel, .. } => self.executor.entrances.entered(&channel.id),
            Message::ChannelLeftBridge { bridge, channel } => {
                if let Ok(channel) = ChannelId::new(&channel.id) {
                    self.executor.hearing.left(&channel, &bridge.id);
                }
            }
            Message::PlaybackFinished { playback } => {
                let channel = playback.target_uri.strip_prefix("channel:");
                if let Some(Ok(channel)) = channel.map(ChannelId::new) {
                    self.executor.hearing.played(&channel, &playback.id);
                }
            }
            _ => {}
        }
        Ok(self.translator.message(message))
    }
}

/// Asterisk's narrow subscription: `ChannelVarset` and its like stay away.
fn event_filter() -> String {
    #[derive(serde::Serialize)]
    struct Filter {
        allowed: Vec<Type>,
    }
    #[derive(serde::Serialize)]
    struct Type {
        r#type: &'static str,
    }
    let allowed = Message::WANTED.map(|r#type| Type { r#type }).into();
    // A list of constants always serialises.
    serde_json::to_string(&Filter { allowed }).unwrap_or_default()
}

/// Chores that have time, one at a time.
async fn do_in_turn(executor: &Executor, chores: Vec<Chore>) -> ChoreDone {
    for chore in chores {
        do_chore(executor, chore).await;
    }
    ChoreDone::Nothing
}

async fn do_chore(executor: &Executor, chore: Chore) -> ChoreDone {
    let api = &executor.api;
    match chore {
        Chore::EndConference(bridge) => {
            if let Err(error) = executor.end_conference(&bridge).await {
                debug!(bridge, %error, "the conference was gone already");
            }
            ChoreDone::Nothing
        }
        Chore::DestroyBridge(bridge) => {
            if let Err(error) = api.send(&bridging::destroy(&bridge)).await {
                debug!(bridge, %error, "the bridge was gone already");
            }
            ChoreDone::Nothing
        }
        Chore::EndTrack(track) => {
            if let Err(error) = api.send(&recorder::end_track(&track)).await {
                debug!(track, %error, "the track had ended already");
            }
            ChoreDone::Nothing
        }
        Chore::StartTrack(track) => match api.send(&recorder::start_track(&track)).await {
            Ok(()) => ChoreDone::Nothing,
            Err(error) => {
                let why = error.to_string();
                ChoreDone::TrackFailed { track, why }
            }
        },
    }
}

/// Looks for a track that may have ended while the link was down: its end
/// will not be told any more.
async fn look_after(api: &Api, track: String) -> ChoreDone {
    let live = Request::get(&["recordings", "live", &track]);
    match api.send(&live).await {
        Err(error) if error.is_missing() => {}
        _ => return ChoreDone::Nothing,
    }
    match api.send(&recorder::stored(&track)).await {
        Ok(()) => ChoreDone::TrackEnded(track),
        Err(error) => {
            let why = format!("it ended while the link to Asterisk was down: {error}");
            ChoreDone::TrackFailed { track, why }
        }
    }
}
