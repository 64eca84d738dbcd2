//! The connection for questions about what lives on the switch, whose long
//! answers hold up no call's commands.

use crate::switch::freeswitch::command::Dialect;
use crate::switch::freeswitch::connection::Connection;
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::lane::LaneEnd;
use crate::switch::freeswitch::media::Folder;
use crate::switch::freeswitch::snapshot;
use crate::switch::link::{EngineGone, Inbox};
use crate::switch::{Failure, SwitchCommand, SwitchEvent, SwitchOrder};
use tokio::sync::mpsc;

/// Questions that may wait.
pub(super) const BACKLOG: usize = 1_024;

/// Whether a command is one of these questions.
pub(super) fn is_question(command: &SwitchCommand) -> bool {
    matches!(
        command,
        SwitchCommand::List | SwitchCommand::Examine { .. } | SwitchCommand::FindRecording { .. }
    )
}

pub(super) struct Stock {
    pub(super) connection: Connection,
    pub(super) orders: mpsc::Receiver<SwitchOrder>,
    pub(super) dialect: Dialect,
    pub(super) folder: Folder,
    pub(super) inbox: Inbox,
}

impl Stock {
    /// Works until the orders end or the connection does; then every order it
    /// still holds is answered.
    pub(super) async fn run(mut self) -> LaneEnd {
        while let Some(order) = self.orders.recv().await {
            let told = match self.answer(&order).await {
                Ok(event) => self.tell(&order, event).await,
                Err(error) => {
                    let why = error.to_string();
                    let mut unanswered = Some(order);
                    self.orders.close();
                    while let Some(order) = unanswered {
                        let told = self.inbox.failed(order.id, Failure::LinkDown, &why).await;
                        if told.is_err() {
                            break;
                        }
                        unanswered = self.orders.recv().await;
                    }
                    return LaneEnd::Lost(error);
                }
            };
            if let Err(EngineGone) = told {
                break;
            }
        }
        LaneEnd::Done
    }

    async fn tell(
        &self,
        order: &SwitchOrder,
        event: Option<SwitchEvent>,
    ) -> Result<(), EngineGone> {
        match event {
            Some(event) => {
                self.inbox.happened(event).await?;
                self.inbox.done(order.id).await
            }
            None => {
                let why = "this is no question about the switch";
                self.inbox.failed(order.id, Failure::Refused, why).await
            }
        }
    }

    async fn answer(&mut self, order: &SwitchOrder) -> Result<Option<SwitchEvent>, EslError> {
        let connection = &mut self.connection;
        Ok(match &order.command {
            SwitchCommand::List => Some(SwitchEvent::Listed(snapshot::list(connection).await?)),
            SwitchCommand::Examine { channels } => {
                let found = snapshot::examine(connection, &self.dialect, channels).await?;
                Some(SwitchEvent::Examined(found))
            }
            // Where it would be is known; whether it is there shows when it is fetched.
            SwitchCommand::FindRecording { recording } => {
                let file = self.dialect.recording_file(order.call, *recording);
                Some(SwitchEvent::RecordingFinished {
                    recording: *recording,
                    media: self.folder.describe(file).await,
                })
            }
            _ => None,
        })
    }
}
