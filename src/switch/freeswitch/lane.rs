//! One command connection: the orders of the calls assigned to it, in order,
//! a bounded number of them ahead of their answers.

use crate::engine::id::CommandId;
use crate::switch::freeswitch::command::{Dialect, verdict};
use crate::switch::freeswitch::connection::{Connection, Liveness, PROBE};
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::frame::{Frame, FrameKind};
use crate::switch::link::{EngineGone, Inbox};
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
    EngineGone,
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
    /// still holds is answered.
    pub(super) async fn run(mut self) -> LaneEnd {
        let end = self.work().await;
        match &end {
            LaneEnd::Lost(error) => match self.give_up(&error.to_string()).await {
                Ok(()) => end,
                Err(EngineGone) => LaneEnd::EngineGone,
            },
            _ => end,
        }
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
                    None => { open = false; Ok(Ok(())) }
                },
                frame = self.connection.receive() => {
                    liveness.heard();
                    match frame {
                        Ok(frame) => self.answered(&frame).await.map(Ok),
                        Err(error) => Ok(Err(error)),
                    }
                },
                due = liveness.due() => match due {
                    Ok(()) => { self.awaited.push_back(Awaited::Probe); Ok(self.connection.send(PROBE).await) }
                    Err(error) => Ok(Err(error)),
                },
            };
            match step {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return LaneEnd::Lost(error),
                Err(EngineGone) => return LaneEnd::EngineGone,
            }
        }
    }

    /// Writes an order and those that wait behind it, in one piece.
    async fn write(&mut self, first: SwitchOrder) -> Result<Result<(), EslError>, EngineGone> {
        let mut text = String::new();
        let mut next = Some(first);
        while let Some(order) = next {
            match self.dialect.say(&order) {
                Ok(batch) => {
                    text.push_str(&batch.text);
                    self.awaited
                        .extend((1..batch.answers).map(|_| Awaited::Step));
                    self.awaited.push_back(Awaited::Order(order.id));
                    self.in_flight += 1;
                }
                Err(why) => {
                    self.inbox
                        .failed(order.id, Failure::Refused, &why.to_string())
                        .await?
                }
            }
            next = if self.in_flight < PIPELINE {
                self.orders.try_recv().ok()
            } else {
                None
            };
        }
        Ok(self.connection.send(&text).await)
    }

    async fn answered(&mut self, frame: &Frame) -> Result<(), EngineGone> {
        if !matches!(frame.kind, FrameKind::CommandReply | FrameKind::ApiResponse) {
            return Ok(());
        }
        let Some(Awaited::Order(id)) = self.awaited.pop_front() else {
            return Ok(());
        };
        self.in_flight -= 1;
        let answer = frame.answer();
        match verdict(&answer) {
            Ok(()) => self.inbox.done(id).await,
            Err(why) => self.inbox.failed(id, why, &answer).await,
        }
    }

    async fn give_up(&mut self, why: &str) -> Result<(), EngineGone> {
        self.orders.close();
        for awaited in std::mem::take(&mut self.awaited) {
            if let Awaited::Order(id) = awaited {
                self.inbox.failed(id, Failure::LinkDown, why).await?;
            }
        }
        while let Some(order) = self.orders.recv().await {
            self.inbox.failed(order.id, Failure::LinkDown, why).await?;
        }
        Ok(())
    }
}
