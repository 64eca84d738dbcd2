//! One life of the link: from a successful connect to the loss of any of its
//! connections.

use crate::config::switch::FreeswitchConfig;
use crate::engine::id::CallId;
use crate::switch::freeswitch::command::Dialect;
use crate::switch::freeswitch::connection::Connection;
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::event::EslEvent;
use crate::switch::freeswitch::lane::{self, Lane, LaneEnd};
use crate::switch::freeswitch::translate::Translator;
use crate::switch::freeswitch::{listener, snapshot};
use crate::switch::link::{EngineGone, Inbox};
use crate::switch::{Failure, Snapshot, SwitchEvent, SwitchOrder};
use std::hash::{DefaultHasher, Hash, Hasher};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub(super) struct Session {
    dialect: Dialect,
    events: Connection,
    commands: Vec<Connection>,
    snapshot: Snapshot,
}

/// Why a session ended.
pub(super) enum SessionEnd {
    /// The runtime dropped its end.
    Closed,
    Lost(EslError),
}

impl Session {
    /// Connects, subscribes, and only then looks at what is there, so that
    /// nothing falls between the two.
    ///
    /// # Errors
    /// [`EslError`] when any of it fails.
    pub(super) async fn open(settings: &FreeswitchConfig, inbox: &Inbox) -> Result<Self, EslError> {
        let dialect = Dialect::new(inbox.switch().clone(), settings)?;
        let connect = || Connection::open(&settings.address, &settings.password);
        let mut events = connect().await?;
        listener::subscribe(&mut events, &dialect).await?;
        let mut first = connect().await?;
        let snapshot = snapshot::take(&mut first, &dialect).await?;
        let mut commands = vec![first];
        for _ in 1..settings.command_connections.max(1) {
            commands.push(connect().await?);
        }
        Ok(Self {
            dialect,
            events,
            commands,
            snapshot,
        })
    }

    /// Works until the orders end, the engine goes, or any connection fails.
    pub(super) async fn run(
        self,
        orders: &mut mpsc::Receiver<SwitchOrder>,
        inbox: &Inbox,
    ) -> SessionEnd {
        if inbox
            .happened(SwitchEvent::Snapshot(self.snapshot))
            .await
            .is_err()
        {
            return SessionEnd::Closed;
        }
        let mut commands = JoinSet::new();
        let mut lanes = Vec::new();
        for connection in self.commands {
            let (sender, receiver) = mpsc::channel(lane::BACKLOG);
            lanes.push(sender);
            commands
                .spawn(Lane::new(connection, receiver, self.dialect.clone(), inbox.clone()).run());
        }
        let (sender, receiver) = mpsc::channel(listener::BACKLOG);
        let mut events = JoinSet::new();
        events.spawn(listener::listen(self.events, sender));
        let told = forward(Translator::new(self.dialect), receiver, inbox.clone());
        let mut forwarder = JoinSet::new();
        forwarder.spawn(told);

        let end = dispatch(orders, &lanes, inbox, &mut commands, &mut events).await;
        // The lanes answer every order they hold; events already read are still told.
        drop(lanes);
        events.shutdown().await;
        while commands.join_next().await.is_some() {}
        while forwarder.join_next().await.is_some() {}
        end
    }
}

/// Hands each order to the lane of its call until something ends the session.
async fn dispatch(
    orders: &mut mpsc::Receiver<SwitchOrder>,
    lanes: &[mpsc::Sender<SwitchOrder>],
    inbox: &Inbox,
    commands: &mut JoinSet<LaneEnd>,
    events: &mut JoinSet<EslError>,
) -> SessionEnd {
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(order) = order else { return SessionEnd::Closed };
                let id = order.id;
                let (why, detail) = match lanes[lane_of(order.call, lanes.len())].try_send(order) {
                    Ok(()) => continue,
                    Err(mpsc::error::TrySendError::Full(_)) => (Failure::Overloaded, "too many commands wait"),
                    Err(mpsc::error::TrySendError::Closed(_)) => (Failure::LinkDown, "the connection is lost"),
                };
                if inbox.failed(id, why, detail).await.is_err() {
                    return SessionEnd::Closed;
                }
            }
            Some(ended) = commands.join_next() => match ended {
                Ok(LaneEnd::Lost(error)) => return SessionEnd::Lost(error),
                Ok(LaneEnd::Done | LaneEnd::EngineGone) => return SessionEnd::Closed,
                Err(crash) => return SessionEnd::Lost(crash.into()),
            },
            Some(ended) = events.join_next() => {
                return SessionEnd::Lost(ended.unwrap_or_else(EslError::from));
            }
        }
    }
}

/// The same lane for all orders of a call, so that they stay in order.
fn lane_of(call: CallId, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    call.hash(&mut hasher);
    usize::try_from(hasher.finish() % lanes as u64).unwrap_or(0)
}

async fn forward(
    mut translator: Translator,
    mut events: mpsc::Receiver<EslEvent>,
    inbox: Inbox,
) -> Result<(), EngineGone> {
    while let Some(event) = events.recv().await {
        if let Some(happened) = translator.translate(&event) {
            inbox.happened(happened).await?;
        }
    }
    Ok(())
}
