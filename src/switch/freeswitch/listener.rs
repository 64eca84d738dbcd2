//! The events-only connection. It is read without waiting for anything but the
//! socket: a switch whose events are not read first queues and then cuts them.

use crate::switch::SwitchEvent;
use crate::switch::freeswitch::command::{Dialect, MARK};
use crate::switch::freeswitch::connection::{Connection, Liveness, PROBE};
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::event::EslEvent;
use crate::switch::freeswitch::frame::FrameKind;
use crate::switch::freeswitch::translate::{EVENTS, Translator, UNMARKED};
use crate::switch::link::{EngineGone, Inbox};
use std::collections::VecDeque;
use tokio::sync::oneshot;

/// Events that may wait for the engine beyond those in its own queue. With
/// more the link counts as lost, and a snapshot tells what was missed.
const BACKLOG: usize = 16_384;

/// Asks for the events of legs that carry our mark, and no others.
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
    connection
        .demand(&format!("event plain {}", EVENTS.join(" ")))
        .await
}

pub(super) struct Listener {
    connection: Connection,
    translator: Translator,
    inbox: Inbox,
    /// What the engine had no room for yet, in order.
    waiting: VecDeque<SwitchEvent>,
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
            inbox,
            waiting: VecDeque::new(),
        }
    }

    /// Reads until the connection fails or `stop` is given or dropped. What
    /// was read until then is still told.
    pub(super) async fn run(mut self, stop: oneshot::Receiver<()>) -> ListenerEnd {
        let end = match self.listen(stop).await {
            Ok(end) => end,
            Err(EngineGone) => return ListenerEnd::EngineGone,
        };
        for event in self.waiting {
            if self.inbox.happened(event).await.is_err() {
                return ListenerEnd::EngineGone;
            }
        }
        end
    }

    async fn listen(&mut self, mut stop: oneshot::Receiver<()>) -> Result<ListenerEnd, EngineGone> {
        let mut liveness = Liveness::default();
        loop {
            let behind = !self.waiting.is_empty();
            let step = tokio::select! {
                frame = self.connection.receive() => {
                    liveness.heard();
                    match frame {
                        Ok(frame) if frame.kind == FrameKind::Event => match EslEvent::parse(&frame) {
                            Ok(event) => {
                                self.waiting.extend(self.translator.translate(&event));
                                Ok(())
                            }
                            Err(error) => Err(error.into()),
                        },
                        Ok(_) => Ok(()),
                        Err(error) => Err(error),
                    }
                }
                room = self.inbox.room(), if behind => room.map(Ok)?,
                due = liveness.due() => match due {
                    Ok(()) => self.connection.send(PROBE).await,
                    Err(error) => Err(error),
                },
                _ = &mut stop => return Ok(ListenerEnd::Stopped),
            };
            self.inbox.offer(&mut self.waiting)?;
            if let Err(error) = step {
                return Ok(ListenerEnd::Lost(error));
            }
            if self.waiting.len() > BACKLOG {
                return Ok(ListenerEnd::Lost(EslError::Overrun { limit: BACKLOG }));
            }
        }
    }
}
