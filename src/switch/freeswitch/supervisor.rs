//! Keeps the link up: connects, and connects again with growing, jittered
//! pauses for as long as the runtime wants the switch.

use crate::config::switch::FreeswitchConfig;
use crate::engine::text::OutsideText;
use crate::switch::backoff::Backoff;
use crate::switch::freeswitch::session::{Session, SessionEnd};
use crate::switch::link::{Inbox, LinkState};
use crate::switch::{Failure, SwitchEvent, SwitchOrder};
use tokio::sync::{mpsc, watch};

pub(super) struct Supervisor {
    pub(super) settings: FreeswitchConfig,
    pub(super) inbox: Inbox,
    pub(super) orders: mpsc::Receiver<SwitchOrder>,
    pub(super) state: watch::Sender<LinkState>,
}

/// The runtime wants the switch no longer.
struct Closed;

impl Supervisor {
    pub(super) async fn run(mut self) {
        let Closed = self.keep_up().await;
        self.state.send_replace(LinkState::Closed);
    }

    async fn keep_up(&mut self) -> Closed {
        let mut attempt = 0;
        let mut backoff = Backoff::new(self.inbox.switch());
        let mut last_error = None;
        loop {
            attempt += 1;
            self.state.send_replace(LinkState::Connecting {
                attempt,
                last_error: last_error.take(),
            });
            let (settings, inbox) = (self.settings.clone(), self.inbox.clone());
            let opened = match self.refusing_orders(Session::open(&settings, &inbox)).await {
                Ok(opened) => opened,
                Err(closed) => return closed,
            };
            let error = match opened {
                Ok(session) => {
                    attempt = 0;
                    backoff.reset();
                    self.state.send_replace(LinkState::Alive);
                    match session.run(&mut self.orders, &inbox).await {
                        SessionEnd::Closed => return Closed,
                        SessionEnd::Lost(error) => {
                            let why = OutsideText::new(&error.to_string());
                            if inbox.happened(SwitchEvent::LinkLost { why }).await.is_err() {
                                return Closed;
                            }
                            error
                        }
                    }
                }
                Err(error) => error,
            };
            tracing::warn!(switch = %inbox.switch(), attempt, %error, "no link to FreeSWITCH");
            last_error = Some(error.to_string());
            self.state.send_replace(LinkState::Connecting {
                attempt,
                last_error: last_error.clone(),
            });
            if let Err(closed) = self
                .refusing_orders(tokio::time::sleep(backoff.next()))
                .await
            {
                return closed;
            }
        }
    }

    /// Does `work`, answering orders that come meanwhile.
    async fn refusing_orders<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Closed> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                order = self.orders.recv() => {
                    let order = order.ok_or(Closed)?;
                    let told = self.inbox.failed(order.id, Failure::LinkDown, "no link to the switch").await;
                    told.map_err(|_| Closed)?;
                }
            }
        }
    }
}
