//! One command connection: the orders of the calls assigned to it, in order,
//! a bounded number of them ahead of their answers.

use crate::engine::id::CommandId;
use crate::switch::freeswitch::batch::verdict;
use crate::switch::freeswitch::command::Dialect;
use crate::switch::freeswitch::connection::{Connection, Liveness, PROBE};
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::frame::{Frame, FrameKind};
use crate::switch::link::Inbox;
use crate::switch::{Failure, SwitchOrder};
use std::collections::VecDeque;
use tokio::sync::mpsc;

/// Orders on the wire that are not answered yet.
const PIPELINE: usize = 64;

/// Orders that wait behind those.
pub(super) const BACKLOG: usize = 1_024;

/// An answer that is awaited.
enum Awaited {
    /// One of a batch, not the last.
    Step,
    Order(CommandId),
    Probe,
}

pub(super) struct Lane {
    connection: Connection,
    orders: mpsc::Receiver<SwitchOrder>,
    dialect: Dialect,
    inbox: Inbox,
    awaited: VecDeque<Awaited>,
    in_flight: usize,
}

/// Why a lane stopped.
pub(super) enum LaneEnd {
    /// No more orders will come, and all were answered.
    Done,
    Lost(EslError),
}

impl Lane {
    pub(super) fn new(
        connection: Connection,
        orders: mpsc::Receiver<SwitchOrder>,
        dialect: Dialect,
        inbox: Inbox,
    ) -> Self {
        Self {
            connection,
            orders,
            dialect,
            inbox,
            awaited: VecDeque::new(),
            in_flight: 0,
        }
    }

    /// Works until the orders end or the connection does; then every order it
    /// still holds is answered. An engine that is gone changes nothing: what
    /// it ordered before it went is still written.
    pub(super) async fn run(mut self) -> LaneEnd {
        let end = self.work().await;
        if let LaneEnd::Lost(error) = &end {
            self.give_up(&error.to_string()).await;
        }
        end
    }

    async fn work(&mut self) -> LaneEnd {
        let mut liveness = Liveness::default();
        let mut open = true;
        loop {
            if !open && self.in_flight == 0 {
                return LaneEnd::Done;
            }
            let step = tokio::select! {
                order = self.orders.recv(), if open && self.in_flight < PIPELINE => match order {
                    Some(order) => self.write(order).await,
                    None => { open = false; Ok(()) }
                },
                frame = self.connection.receive() => {
                    liveness.heard();
                    match frame {
                        Ok(frame) => {
                            if let Some((order, answer)) = settle(&mut self.awaited, &frame) {
                                self.in_flight -= 1;
                                tell(&self.inbox, order, answer).await;
                            }
                            Ok(())
                        }
                        Err(error) => Err(error),
                    }
                },
                due = liveness.due() => match due {
                    Ok(()) => { self.awaited.push_back(Awaited::Probe); self.connection.send(PROBE).await }
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = step {
                return LaneEnd::Lost(error);
            }
        }
    }

    /// Writes an order and those that wait behind it, in one piece.
    async fn write(&mut self, first: SwitchOrder) -> Result<(), EslError> {
        let mut text = String::new();
        let mut next = Some(first);
        while let Some(order) = next {
            match self.dialect.say(&order) {
                // There is nothing to ask the switch for.
                Ok(batch) if batch.answers == 0 => {
                    tell(&self.inbox, order.id, Ok(())).await;
                }
                Ok(batch) => {
                    text.push_str(&batch.text);
                    self.awaited
                        .extend((1..batch.answers).map(|_| Awaited::Step));
                    self.awaited.push_back(Awaited::Order(order.id));
                    self.in_flight += 1;
                }
                Err(why) => {
                    let answer = Err((Failure::Refused, why.to_string()));
                    tell(&self.inbox, order.id, answer).await;
                }
            }
            next = if self.in_flight < PIPELINE {
                self.orders.try_recv().ok()
            } else {
                None
            };
        }
        if text.is_empty() {
            return Ok(());
        }
        self.connection.send(&text).await
    }

    async fn give_up(&mut self, why: &str) {
        self.orders.close();
        let answer = || Err((Failure::LinkDown, why.to_owned()));
        for awaited in std::mem::take(&mut self.awaited) {
            if let Awaited::Order(id) = awaited {
                tell(&self.inbox, id, answer()).await;
            }
        }
        while let Some(order) = self.orders.recv().await {
            tell(&self.inbox, order.id, answer()).await;
        }
    }
}

/// What the switch said to an order: done, or how and why not.
type Answer = Result<(), (Failure, String)>;

/// The order that a frame answers, if it answers one.
fn settle(awaited: &mut VecDeque<Awaited>, frame: &Frame<'_>) -> Option<(CommandId, Answer)> {
    if !matches!(frame.kind, FrameKind::CommandReply | FrameKind::ApiResponse) {
        return None;
    }
    let Some(Awaited::Order(id)) = awaited.pop_front() else {
        return None;
    };
    let answer = frame.answer();
    let verdict = verdict(&answer).map_err(|why| (why, answer.into_owned()));
    Some((id, verdict))
}

/// Tells the engine the answer to an order; one that is gone needs none.
async fn tell(inbox: &Inbox, order: CommandId, answer: Answer) {
    let told = match answer {
        Ok(()) => inbox.done(order).await,
        Err((why, detail)) => inbox.failed(order, why, &detail).await,
    };
    if let Err(gone) = told {
        tracing::debug!(%order, %gone, "nobody waits for this answer");
    }
}
