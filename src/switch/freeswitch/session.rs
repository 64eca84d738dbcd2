//! One life of the link: from a successful connect to the loss of any of its
//! connections.

use crate::config::switch::FreeswitchConfig;
use crate::engine::id::CallId;
use crate::switch::freeswitch::command::Dialect;
use crate::switch::freeswitch::connection::Connection;
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::lane::{self, Lane, LaneEnd};
use crate::switch::freeswitch::listener::{self, Listener, ListenerEnd};
use crate::switch::freeswitch::media::Folder;
use crate::switch::freeswitch::phones::{self, Phones};
use crate::switch::freeswitch::snapshot;
use crate::switch::freeswitch::stock::{self, Stock};
use crate::switch::link::{Inbox, hand_on};
use crate::switch::{Failure, Snapshot, SwitchEvent, SwitchOrder};
use std::hash::{DefaultHasher, Hash, Hasher};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

pub(super) struct Session {
    dialect: Dialect,
    events: Connection,
    phones: Connection,
    commands: Vec<Connection>,
    stock: Connection,
    folder: Folder,
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
        let mut stock = connect().await?;
        let snapshot = snapshot::list(&mut stock).await?;
        let mut commands = Vec::new();
        for _ in 0..settings.command_connections.max(1) {
            commands.push(connect().await?);
        }
        let mut phones = connect().await?;
        phones::subscribe(&mut phones).await?;
        Ok(Self {
            dialect,
            events,
            phones,
            commands,
            stock,
            folder: Folder::new(settings),
            snapshot,
        })
    }

    /// Works until the orders end or any connection fails. Orders that were
    /// accepted are carried out also when the engine is gone.
    pub(super) async fn run(
        self,
        orders: &mut mpsc::Receiver<SwitchOrder>,
        inbox: &Inbox,
    ) -> SessionEnd {
        // Without an engine there is nobody to tell, and perhaps still something to do.
        let _ = inbox.happened(SwitchEvent::Snapshot(self.snapshot)).await;
        let mut commands = JoinSet::new();
        let mut lanes = Vec::new();
        for connection in self.commands {
            let (sender, receiver) = mpsc::channel(lane::BACKLOG);
            lanes.push(sender);
            commands
                .spawn(Lane::new(connection, receiver, self.dialect.clone(), inbox.clone()).run());
        }
        let (questions, asked) = mpsc::channel(stock::BACKLOG);
        let stock = Stock {
            connection: self.stock,
            orders: asked,
            dialect: self.dialect.clone(),
            folder: self.folder,
            inbox: inbox.clone(),
        };
        commands.spawn(stock.run());
        let ways = Ways { lanes, questions };
        let (stop, stopped) = oneshot::channel();
        let mut events = JoinSet::new();
        events.spawn(Listener::new(self.events, self.dialect, inbox.clone()).run(stopped));
        let phones = Phones {
            connection: self.phones,
            inbox: inbox.clone(),
        };
        let (stop_phones, stopped) = oneshot::channel();
        events.spawn(phones.run(stopped));

        let end = dispatch(orders, &ways, inbox, &mut commands, &mut events).await;
        // The lanes answer every order they hold; events already read are still told.
        drop((ways, stop, stop_phones));
        while commands.join_next().await.is_some() {}
        while events.join_next().await.is_some() {}
        end
    }
}

/// Where orders go.
struct Ways {
    lanes: Vec<mpsc::Sender<SwitchOrder>>,
    questions: mpsc::Sender<SwitchOrder>,
}

impl Ways {
    fn of(&self, order: &SwitchOrder) -> &mpsc::Sender<SwitchOrder> {
        match stock::is_question(&order.command) {
            true => &self.questions,
            false => &self.lanes[lane_of(order.call, self.lanes.len())],
        }
    }
}

/// Hands each order to the lane of its call until something ends the session.
async fn dispatch(
    orders: &mut mpsc::Receiver<SwitchOrder>,
    ways: &Ways,
    inbox: &Inbox,
    commands: &mut JoinSet<LaneEnd>,
    events: &mut JoinSet<ListenerEnd>,
) -> SessionEnd {
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some(order) = order else { return SessionEnd::Closed };
                let id = order.id;
                let (why, detail) = match hand_on(ways.of(&order), order) {
                    Ok(()) => continue,
                    Err(mpsc::error::TrySendError::Full(_)) => (Failure::Overloaded, "too many commands wait"),
                    Err(mpsc::error::TrySendError::Closed(_)) => (Failure::LinkDown, "the connection is lost"),
                };
                if let Err(gone) = inbox.failed(id, why, detail).await {
                    tracing::warn!(switch = %inbox.switch(), command = %id, detail, %gone, "an order was not carried out");
                }
            }
            Some(ended) = commands.join_next() => match ended {
                Ok(LaneEnd::Lost(error)) => return SessionEnd::Lost(error),
                Ok(LaneEnd::Done) => return SessionEnd::Closed,
                Err(crash) => return SessionEnd::Lost(crash.into()),
            },
            Some(ended) = events.join_next() => match ended {
                Ok(ListenerEnd::Lost(error)) => return SessionEnd::Lost(error),
                Ok(ListenerEnd::Stopped) => return SessionEnd::Closed,
                // The orders end soon.
                Ok(ListenerEnd::EngineGone) => {}
                Err(crash) => return SessionEnd::Lost(crash.into()),
            },
        }
    }
}

/// The same lane for all orders of a call, so that they stay in order.
fn lane_of(call: CallId, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    call.hash(&mut hasher);
    usize::try_from(hasher.finish() % lanes as u64).unwrap_or(0)
}
