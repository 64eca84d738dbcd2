//! Asterisk, over ARI: events come over one websocket, commands go over HTTP.
//!
//! Reading order: [`message`] and [`translate`] (events into the words all
//! switches share) with [`bridges`] (who is together) and [`recording`] (joins
//! the two tracks of a recording); [`commands`] and [`executor`] (and back) with
//! [`bridging`], [`supervision`] and [`recorder`]; [`lanes`] (in which order),
//! [`link`] (the connection).

pub mod address;
mod api;
mod bridges;
mod bridging;
mod commands;
mod entrance;
mod executor;
mod farewell;
mod hearing;
mod lanes;
mod link;
mod media;
mod message;
mod name;
mod recorder;
mod recording;
#[cfg(test)]
mod replay;
mod request;
mod supervision;
mod translate;

use crate::config::switch::AsteriskConfig;
use crate::switch::link::{Inbox, LinkState, ORDER_QUEUE, SwitchLink};
use crate::switch::{Failure, SwitchOrder};
use address::{AriAddress, NotAnAriAddress};
use api::Api;
use executor::Executor;
use futures_util::FutureExt;
use link::Link;
use media::StoredRecordings;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

/// Attaches to an Asterisk and stays attached until `orders` of the link is
/// dropped or the engine is gone: one that cannot be reached is tried for
/// ever, and [`SwitchLink::state`] says how it goes. Must be called inside a
/// Tokio runtime.
///
/// With an address that cannot work (see [`AriAddress`]) nothing is tried:
/// the state says why, and every order is refused.
pub fn start(settings: &AsteriskConfig, inbox: Inbox) -> SwitchLink {
    let (orders, taken) = mpsc::channel(ORDER_QUEUE);
    let (state, seen) = watch::channel(LinkState::Connecting {
        attempt: 1,
        last_error: None,
    });
    let id = inbox.switch().clone();
    let (media, work) = match AriAddress::new(&settings.url) {
        Ok(address) => {
            let api = Api::new(address, &settings.user, &settings.password);
            let media = StoredRecordings(Some(api.clone()));
            let (finds, found) = mpsc::channel(executor::MAX_FINDS);
            let executor = Executor::new(api, settings, finds);
            (media, attach(executor, found, inbox, taken, state).boxed())
        }
        Err(error) => (
            StoredRecordings(None),
            refuse(error, inbox, taken, state).boxed(),
        ),
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "one task per switch; it ends when its orders are dropped"
    )]
    tokio::spawn(work);
    SwitchLink {
        id,
        orders,
        state: seen,
        media: Arc::new(media),
    }
}

async fn attach(
    executor: Executor,
    found: mpsc::Receiver<executor::Find>,
    inbox: Inbox,
    orders: mpsc::Receiver<SwitchOrder>,
    state: watch::Sender<LinkState>,
) {
    let link = Link::new(&executor, found, &inbox, &state);
    let mut orders_carried_out = pin!(lanes::run(&executor, &inbox, orders));
    tokio::select! {
        () = &mut orders_carried_out => {}
        Err(gone) = link.run() => {
            info!(switch = %inbox.switch(), %gone, "detached from Asterisk");
            // What the engine ordered before it went is still carried out.
            orders_carried_out.await;
        }
    }
    state.send_replace(LinkState::Closed);
}

async fn refuse(
    error: NotAnAriAddress,
    inbox: Inbox,
    mut orders: mpsc::Receiver<SwitchOrder>,
    state: watch::Sender<LinkState>,
) {
    let error = error.to_string();
    warn!(switch = %inbox.switch(), error, "cannot attach to Asterisk");
    state.send_replace(LinkState::Connecting {
        attempt: 1,
        last_error: Some(error.clone()),
    });
    while let Some(order) = orders.recv().await {
        let refused = inbox.failed(order.id, Failure::LinkDown, &error).await;
        if refused.is_err() {
            break;
        }
    }
    state.send_replace(LinkState::Closed);
}
