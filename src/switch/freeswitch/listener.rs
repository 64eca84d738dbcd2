//! The events-only connection. It is read without waiting for anything but the
//! socket: a switch whose events are not read first queues and then cuts them.

use crate::switch::freeswitch::command::{Dialect, MARK};
use crate::switch::freeswitch::connection::{Connection, Liveness, PROBE};
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::event::EslEvent;
use crate::switch::freeswitch::frame::FrameKind;
use crate::switch::freeswitch::translate::{EVENTS, UNMARKED};
use tokio::sync::mpsc;

/// Events that may wait for the engine. Beyond this the link counts as lost,
/// and a snapshot tells what was missed.
pub(super) const BACKLOG: usize = 16_384;

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

/// Reads until the connection fails.
pub(super) async fn listen(mut connection: Connection, events: mpsc::Sender<EslEvent>) -> EslError {
    let mut liveness = Liveness::default();
    loop {
        let step = tokio::select! {
            frame = connection.receive() => {
                liveness.heard();
                match frame {
                    Ok(frame) if frame.kind == FrameKind::Event => match EslEvent::parse(&frame) {
                        Ok(event) => events.try_send(event).map_err(|_| EslError::Overrun { limit: BACKLOG }),
                        Err(error) => Err(error.into()),
                    },
                    Ok(_) => Ok(()),
                    Err(error) => Err(error),
                }
            }
            due = liveness.due() => match due {
                Ok(()) => connection.send(PROBE).await,
                Err(error) => Err(error),
            },
        };
        if let Err(error) = step {
            return error;
        }
    }
}
