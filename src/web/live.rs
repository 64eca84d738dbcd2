//! The live page's stream. One task renders each language a few times a second
//! at most; every reader takes the latest rendering when it can, and is sent
//! the sections that changed since its last. A reader that stalls holds up
//! nobody, and skips what it missed.

use crate::clock;
use crate::runtime::load::Load;
use crate::switch::Language;
use crate::web::Web;
use crate::web::auth::Session;
use crate::web::auth::secret::Secret;
use crate::web::error::WebError;
use crate::web::locale::LANGUAGES;
use crate::web::pages::language::Tongue;
use crate::web::pages::live::{SECTIONS, Section, Shown};
use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, stream};
use metrics::counter;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// The shortest time between two renderings.
const PACE: Duration = Duration::from_millis(250);
/// The same while the engine is behind.
const BUSY_PACE: Duration = Duration::from_secs(5);
/// The longest time between two, so that an alarm without a call is seen too.
const SLOWEST: Duration = Duration::from_secs(5);
/// Streams open at once; more are refused.
pub const MAX_READERS: usize = 1_000;

/// The sections of the page, as rendered last.
type Frame = BTreeMap<&'static str, Arc<str>>;

/// What the readers share.
pub struct Live {
    frames: BTreeMap<Language, watch::Sender<Frame>>,
    /// A reader has come and wants a rendering now.
    wanted: Notify,
    closing: watch::Sender<bool>,
}

impl Default for Live {
    fn default() -> Self {
        let frames = LANGUAGES.map(|language| (language, watch::Sender::new(Frame::new())));
        Self {
            frames: BTreeMap::from(frames),
            wanted: Notify::new(),
            closing: watch::Sender::new(false),
        }
    }
}

impl Live {
    /// Ends all streams.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Streams open now.
    fn readers(&self) -> usize {
        let readers = self.frames.values();
        readers.map(watch::Sender::receiver_count).sum()
    }

    fn subscribe(&self, language: Language) -> Option<watch::Receiver<Frame>> {
        let receiver = self.frames.get(&language)?.subscribe();
        self.wanted.notify_one();
        Some(receiver)
    }
}

/// Renders what readers wait for, until the engine ends.
pub(super) async fn publish(web: Web) {
    let mut changed = web.handle.changed.clone();
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        if web.handle.condition.load() > Load::Normal {
            counter!("switchyard_shed_total", "what" => "live_page").increment(1);
            sleep(BUSY_PACE).await;
        }
        changed.mark_unchanged();
        render(&web);
        tokio::select! {
            () = web.live.wanted.notified() => {}
            () = sleep(SLOWEST) => {}
            alive = changed.changed() => if alive.is_err() {
                return web.live.close();
            }
        }
    }
}

fn render(web: &Web) {
    for (language, frames) in &web.live.frames {
        if frames.receiver_count() == 0 {
            continue;
        }
        let shown = Shown::new(*language, web);
        match sections(web, &shown) {
            Ok(frame) => {
                frames.send_if_modified(|last| {
                    let differs = *last != frame;
                    *last = frame;
                    differs
                });
            }
            Err(error) => tracing::error!(%error, "the live page could not be rendered"),
        }
    }
}

fn sections(web: &Web, shown: &Shown) -> Result<Frame, handlebars::RenderError> {
    let rendered = SECTIONS.iter().map(|Section { name, template, .. }| {
        Ok((*name, Arc::from(web.templates.render(template, shown)?)))
    });
    rendered.collect()
}

/// The stream of one reader.
pub async fn stream(
    State(web): State<Web>,
    Extension(session): Extension<Arc<Session>>,
    Extension(secret): Extension<Secret>,
    Tongue(language): Tongue,
) -> Result<impl IntoResponse, WebError> {
    if web.live.readers() >= MAX_READERS {
        counter!("switchyard_shed_total", "what" => "live_stream").increment(1);
        return Err(WebError::Overloaded);
    }
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    let reader = web.live.subscribe(language).map(|frames| Reader {
        closing: web.live.closing.subscribe(),
        frames,
        sent: Frame::new(),
        language,
        session,
        secret,
        web,
    });
    Ok(Sse::new(events(reader)).keep_alive(keep_alive))
}

struct Reader {
    web: Web,
    frames: watch::Receiver<Frame>,
    closing: watch::Receiver<bool>,
    /// What the reader has on the screen.
    sent: Frame,
    language: Language,
    session: Arc<Session>,
    secret: Secret,
}

fn events(reader: Option<Reader>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(reader, async |reader| {
        let mut reader = reader?;
        let changes = reader.changes().await?;
        Some((Ok(Event::default().data(changes)), Some(reader)))
    })
}

impl Reader {
    /// Waits for sections that differ from those on the reader's screen;
    /// `None` when the stream ends.
    async fn changes(&mut self) -> Option<String> {
        loop {
            if *self.closing.borrow() || !self.is_signed_in().await {
                return None;
            }
            let mut frame = self.frames.borrow_and_update().clone();
            frame.retain(|name, _| self.may_see(name));
            self.add_own_state(&mut frame);
            let changed = frame
                .iter()
                .filter(|(name, html)| self.sent.get(*name) != Some(html));
            let message: String = changed.map(|(name, html)| partial(name, html)).collect();
            self.sent = frame;
            if !message.is_empty() {
                return Some(message);
            }
            tokio::select! {
                frame = self.frames.changed() => frame.ok()?,
                closing = self.closing.changed() => closing.ok()?,
            }
        }
    }

    async fn is_signed_in(&self) -> bool {
        matches!(
            self.web.sessions.find(&self.secret, clock::now()).await,
            Ok(Some(_))
        )
    }

    fn may_see(&self, name: &str) -> bool {
        let section = SECTIONS.iter().find(|section| section.name == name);
        section.is_some_and(|section| self.session.role >= section.least)
    }

    /// The agent's own state is the one thing that differs between readers.
    fn add_own_state(&self, frame: &mut Frame) {
        let own = crate::web::pages::live::Own::new(&self.web, self.language, &self.session);
        if let Some(Ok(html)) = own.map(|own| self.web.templates.render("live/me", &own)) {
            frame.insert("me", Arc::from(html));
        }
    }
}

/// A section as htmx swaps it into the page, keeping what did not change.
fn partial(name: &str, html: &str) -> String {
    format!("<hx-partial hx-target=\"#{name}\" hx-swap=\"outerMorph\">{html}</hx-partial>")
}
