//! The filer: fetches each finished recording from its switch, assembles it,
//! puts it into the folder and tells the engine; then the switch's copy goes.
//!
//! A failure is tried again with growing pauses. When it stays, the recording
//! is reported lost with the reason, and the switch's copy stays where it is.

use crate::engine::event::Event;
use crate::engine::id::{SwitchId, TenantId};
use crate::engine::recording::{FiledRecording, FilingOrder};
use crate::engine::text::OutsideText;
use crate::engine::time::Span;
use crate::recordings::assemble::{self, AssembleError};
use crate::recordings::folder::{FileDigest, FolderError, RecordingsFolder, WorkingFile, digest};
use crate::recordings::naming;
use crate::switch::RecordedMedia;
use crate::switch::link::{MediaError, MediaSource};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};

/// Recordings that may wait to be filed.
pub const ORDER_QUEUE: usize = 4_096;
/// Recordings being worked on or waiting for their next try.
const IN_HAND: usize = 256;
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// How long a filer that ends waits for the work at hand.
const LAST_FILING: Duration = Duration::from_secs(3);

#[derive(Clone, Debug)]
pub struct FilerSettings {
    pub folder: RecordingsFolder,
    /// The customer organisation whose recordings these are.
    pub tenant: TenantId,
    /// Recordings fetched and assembled at once.
    pub at_once: usize,
    /// How often one recording is tried before it is lost; twice as often when
    /// its switch or our folder is out of reach.
    pub tries: u32,
    /// The pause after the first failure; each one after is twice as long.
    pub first_pause: Span,
}

impl FilerSettings {
    /// Four at once, each tried within about half a minute, or half
    /// an hour when something is out of reach.
    pub fn new(folder: RecordingsFolder, tenant: TenantId) -> Self {
        Self {
            folder,
            tenant,
            at_once: 4,
            tries: 6,
            first_pause: Span::seconds(1),
        }
    }
}

/// The switches' recordings, by switch.
pub type MediaSources = BTreeMap<SwitchId, Arc<dyn MediaSource>>;

/// The running filer.
pub struct Filer {
    orders: mpsc::Sender<FilingOrder>,
    task: JoinHandle<()>,
}

#[derive(Debug, thiserror::Error)]
enum FilingError {
    #[error("there is no switch {switch} to fetch it from")]
    NoSwitch { switch: SwitchId },
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("the work on it was broken off: {why}")]
    BrokenOff { why: String },
}

impl FilingError {
    /// How often to try before this is taken for the last word.
    fn patience(&self, tries: u32) -> u32 {
        match self {
            FilingError::NoSwitch { .. } => 1,
            // A switch may still be writing when it says that it has finished.
            FilingError::Media(MediaError::Missing { .. })
            | FilingError::Assemble(
                AssembleError::Unreadable { .. } | AssembleError::Empty | AssembleError::Write(_),
            )
            | FilingError::BrokenOff { .. } => tries,
            FilingError::Assemble(_) => 1,
            FilingError::Media(_) | FilingError::Folder(_) => tries.saturating_mul(2),
        }
    }
}

impl Filer {
    /// Opens the folder and starts filing; what becomes of each order is told
    /// to the engine through `events`, which the filer does not keep open.
    ///
    /// # Errors
    /// [`FolderError`] when the folder can't be made or written.
    pub fn start(
        folder: &Path,
        tenant: TenantId,
        sources: MediaSources,
        events: mpsc::WeakSender<Event>,
    ) -> Result<Self, FolderError> {
        let settings = FilerSettings::new(RecordingsFolder::open(folder)?, tenant);
        Ok(Self::start_with(settings, sources, events))
    }

    /// The same with settings of one's own.
    pub fn start_with(
        settings: FilerSettings,
        sources: MediaSources,
        events: mpsc::WeakSender<Event>,
    ) -> Self {
        let (orders, waiting) = mpsc::channel(ORDER_QUEUE);
        let turns = Semaphore::new(settings.at_once);
        let desk = Arc::new(Desk {
            turns,
            settings,
            sources,
            events,
        });
        #[expect(
            clippy::disallowed_methods,
            reason = "the one task that hands out filing work"
        )]
        let task = tokio::spawn(run(desk, waiting));
        Self { orders, task }
    }

    /// Where orders are given. Every order is answered with
    /// [`Event::RecordingFiled`] or [`Event::RecordingLost`].
    pub fn orders(&self) -> mpsc::Sender<FilingOrder> {
        self.orders.clone()
    }

    /// Files what was ordered so far, as far as that is quickly done; every
    /// other sender of orders must be gone. What is left stays on the switch.
    pub async fn finish(self) {
        drop(self.orders);
        if tokio::time::timeout(LAST_FILING, self.task).await.is_err() {
            tracing::warn!("some recordings are not filed yet; they stay on their switches");
        }
    }
}

struct Desk {
    settings: FilerSettings,
    sources: MediaSources,
    events: mpsc::WeakSender<Event>,
    /// Those that wait between two tries hold none.
    turns: Semaphore,
}

async fn run(desk: Arc<Desk>, mut orders: mpsc::Receiver<FilingOrder>) {
    let mut work = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv(), if work.len() < IN_HAND => match order {
                Some(order) => {
                    work.spawn(Arc::clone(&desk).file(order));
                }
                None => break,
            },
            Some(ended) = work.join_next() => report_panic(ended),
        }
    }
    while let Some(ended) = work.join_next().await {
        report_panic(ended);
    }
}

fn report_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "filing a recording broke off");
    }
}

impl Desk {
    async fn file(self: Arc<Self>, order: FilingOrder) {
        let name = naming::name(&self.settings.tenant, &order);
        let event = match self.try_often(&order, &name).await {
            Ok(filed) => {
                metrics::counter!("switchyard_recordings_filed_total").increment(1);
                tracing::info!(call = %order.call, %name, length_ms = filed.length_ms, "recording filed");
                Event::RecordingFiled {
                    recording: order.recording,
                    filed,
                }
            }
            Err(error) => {
                metrics::counter!("switchyard_recordings_lost_total").increment(1);
                tracing::error!(call = %order.call, %name, %error, "recording lost; the switch's copy stays");
                let why = OutsideText::new(&error.to_string());
                Event::RecordingLost {
                    recording: order.recording,
                    why,
                }
            }
        };
        let filed = matches!(event, Event::RecordingFiled { .. });
        // Without the engine nobody would know of our file: the switch's stays.
        let told = match self.events.upgrade() {
            Some(events) => events.send(event).await.is_ok(),
            None => false,
        };
        if told && filed {
            self.discard(&order).await;
        }
    }

    async fn try_often(
        &self,
        order: &FilingOrder,
        name: &str,
    ) -> Result<FiledRecording, FilingError> {
        let mut pause = Duration::from_millis(self.settings.first_pause.as_millis());
        let mut tries = 0;
        loop {
            let error = match self.in_turn(order, name).await {
                Ok(filed) => return Ok(filed),
                Err(error) => error,
            };
            tries += 1;
            if tries >= error.patience(self.settings.tries) {
                return Err(error);
            }
            tracing::warn!(call = %order.call, %name, %error, "a recording is tried again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One try, when few enough others are under way.
    async fn in_turn(
        &self,
        order: &FilingOrder,
        name: &str,
    ) -> Result<FiledRecording, FilingError> {
        let turn = self.turns.acquire().await;
        let _turn = turn.map_err(|error| FilingError::BrokenOff {
            why: error.to_string(),
        })?;
        self.try_once(order, name).await
    }

    async fn try_once(
        &self,
        order: &FilingOrder,
        name: &str,
    ) -> Result<FiledRecording, FilingError> {
        let place = self.settings.folder.place(name);
        let is_message = matches!(order.media, RecordedMedia::Mono { .. });
        // Filed by a run that ended before it could say so.
        if place.is_file() {
            return on_thread(move || measured(&place, is_message))
                .await
                .map(|found| found.named(name));
        }
        let source = self
            .sources
            .get(&order.switch)
            .ok_or_else(|| FilingError::NoSwitch {
                switch: order.switch.clone(),
            })?;
        let work = |side: &str| {
            let name = format!("{}-{}-{side}.wav", order.call, order.recording);
            self.settings.folder.working_file(&name)
        };
        let fetched = match &order.media {
            RecordedMedia::Stereo { file } => {
                let stereo = work("both");
                source.fetch(file, stereo.path()).await?;
                Fetched::Stereo(stereo)
            }
            RecordedMedia::Pair {
                caller,
                agent,
                agent_lag,
            } => {
                let (caller_file, agent_file) = (work("caller"), work("agent"));
                source.fetch(caller, caller_file.path()).await?;
                source.fetch(agent, agent_file.path()).await?;
                Fetched::Pair(caller_file, agent_file, *agent_lag)
            }
            RecordedMedia::Mono { file } => {
                let message = work("message");
                source.fetch(file, message.path()).await?;
                Fetched::Mono(message)
            }
        };
        let (folder, assembled) = (self.settings.folder.clone(), work("assembled"));
        let path = name.to_owned();
        on_thread(move || {
            let length_ms = fetched.assemble(assembled.path())?;
            let heard_ms = heard(assembled.path(), is_message)?;
            let digest = folder.settle(&assembled, &path)?;
            Ok(Measured {
                length_ms,
                heard_ms,
                digest,
            })
        })
        .await
        .map(|filed| filed.named(name))
    }

    /// Removes the switch's copy, now that ours is safe.
    async fn discard(&self, order: &FilingOrder) {
        let Some(source) = self.sources.get(&order.switch) else {
            return;
        };
        let files = match &order.media {
            RecordedMedia::Stereo { file } | RecordedMedia::Mono { file } => vec![file],
            RecordedMedia::Pair { caller, agent, .. } => vec![caller, agent],
        };
        for file in files {
            match source.discard(file).await {
                Ok(()) | Err(MediaError::Missing { .. }) => {}
                Err(error) => {
                    tracing::warn!(%file, %error, "the switch's copy of a recording stays behind");
                }
            }
        }
    }
}

/// What was fetched, as files of our own.
enum Fetched {
    Stereo(WorkingFile),
    Pair(WorkingFile, WorkingFile, crate::switch::Lag),
    Mono(WorkingFile),
}

impl Fetched {
    fn assemble(&self, into: &Path) -> Result<u64, AssembleError> {
        match self {
            Fetched::Stereo(file) => assemble::stereo(file.path(), into),
            Fetched::Mono(file) => assemble::mono(file.path(), into),
            Fetched::Pair(caller, agent, lag) => {
                assemble::pair(caller.path(), agent.path(), *lag, into)
            }
        }
    }
}

struct Measured {
    length_ms: u64,
    heard_ms: Option<u64>,
    digest: FileDigest,
}

impl Measured {
    fn named(self, name: &str) -> FiledRecording {
        FiledRecording {
            name: name.to_owned(),
            length_ms: self.length_ms,
            heard_ms: self.heard_ms,
            bytes: self.digest.bytes,
            sha256: self.digest.sha256,
        }
    }
}

/// Where the last sound of a message is.
fn heard(place: &Path, is_message: bool) -> Result<Option<u64>, AssembleError> {
    let heard = is_message.then(|| assemble::heard_ms(place));
    heard.transpose()
}

fn measured(place: &Path, is_message: bool) -> Result<Measured, FilingError> {
    let length_ms = assemble::length_ms(place)?;
    let heard_ms = heard(place, is_message)?;
    let digest = digest(place).map_err(|why| FolderError::NotPlaced {
        path: place.to_owned(),
        why,
    })?;
    Ok(Measured {
        length_ms,
        heard_ms,
        digest,
    })
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FilingError> + Send + 'static,
) -> Result<T, FilingError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(FilingError::BrokenOff {
            why: error.to_string(),
        }),
    }
}
