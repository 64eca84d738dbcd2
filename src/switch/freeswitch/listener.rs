//! The events-only connection. It is read without waiting for anything but the
//! socket: a switch whose events are not read first queues and then cuts them.

use crate::switch::SwitchEvent;
use crate::switch::backlog::Backlog;
use crate::switch::freeswitch::command::{Dialect, MARK};
use crate::switch::freeswitch::connection::{Connection, Liveness, PROBE};
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::event::EslEvent;
use crate::switch::freeswitch::frame::{Frame, FrameKind};
use crate::switch::freeswitch::rearrange::CONFERENCE_PREFIX;
use crate::switch::freeswitch::translate::{CHATTER, EVENTS, Translator, UNMARKED};
use crate::switch::link::{EngineGone, Inbox};
use tokio::sync::oneshot;

/// Asks for the events of legs that carry our mark, and no others. A filter
/// with a minus takes away what the others let through.
///
/// # Errors
/// [`EslError`] when the switch does not grant it.
pub(super) async fn subscribe(
    connection: &mut Connection,
    dialect: &Dialect,
) -> Result<(), EslError> {
    connection
        .demand(&format!("filter variable_{MARK} {}", dialect.switch()))
        .await?;
    for name in UNMARKED {
        connection
            .demand(&format!("filter Event-Name {name}"))
            .await?;
    }
    // What a conference tells carries no channel variables either.
    connection
        .demand(&format!("filter Conference-Name /^{CONFERENCE_PREFIX}/"))
        .await?;
    for action in CHATTER {
        connection
            .demand(&format!("filter Action -{action}"))
            .await?;
    }
    connection
        .demand(&format!("event plain {}", EVENTS.join(" ")))
        .await
}

pub(super) struct Listener {
    connection: Connection,
    translator: Translator,
    backlog: Backlog,
}

/// Why a listener stopped.
pub(super) enum ListenerEnd {
    Stopped,
    Lost(EslError),
    EngineGone,
}

impl Listener {
    pub(super) fn new(connection: Connection, dialect: Dialect, inbox: Inbox) -> Self {
        Self {
            connection,
            translator: Translator::new(dialect),
            backlog: Backlog::new(inbox),
        }
    }

    /// Reads until the connection fails or `stop` is given or dropped. What
    /// was read until then is still told.
    pub(super) async fn run(mut self, stop: oneshot::Receiver<()>) -> ListenerEnd {
        let end = self.listen(stop).await;
        // Closed at once: it is of no more use, and the switch need not write to it.
        drop(self.connection);
        match end {
            Ok(end) if self.backlog.clear().await.is_ok() => end,
            _ => ListenerEnd::EngineGone,
        }
    }

    async fn listen(&mut self, mut stop: oneshot::Receiver<()>) -> Result<ListenerEnd, EngineGone> {
        let mut liveness = Liveness::default();
        loop {
            let step = tokio::select! {
                frame = self.connection.receive() => {
                    liveness.heard();
                    match told(&mut self.translator, frame) {
                        Ok(event) => {
                            let told = event.is_some();
                            self.backlog.tell(event)?;
                            if told && !self.connection.has_frame() {
                                // The engine waits on this thread: it goes before the next read.
                                tokio::task::yield_now().await;
                            }
                            self.backlog.check().map_err(EslError::from)
                        }
                        Err(error) => Err(error),
                    }
                }
                room = self.backlog.room(), if self.backlog.is_behind() => {
                    room?;
                    self.backlog.tell(None)?;
                    Ok(())
                }
                due = liveness.due() => match due {
                    Ok(()) => self.connection.send(PROBE).await,
                    Err(error) => Err(error),
                },
                _ = &mut stop => return Ok(ListenerEnd::Stopped),
            };
            if let Err(error) = step {
                return Ok(ListenerEnd::Lost(error));
            }
        }
    }
}

/// What a frame tells us, if anything.
fn told(
    translator: &mut Translator,
    frame: Result<Frame<'_>, EslError>,
) -> Result<Option<SwitchEvent>, EslError> {
    let frame = frame?;
    match frame.kind {
        FrameKind::Event => Ok(translator.translate(&EslEvent::parse(&frame)?)),
        _ => Ok(None),
    }
}
