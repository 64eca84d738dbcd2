//! FreeSWITCH, over its event socket (ESL).
//!
//! One connection carries events and nothing else; a few carry commands, all
//! commands of a call the same one. In reading order:
//!
//! - [`reader`], [`frame`], [`fields`], [`event`]: from bytes to events;
//! - [`translate`]: from events to [`SwitchEvent`](crate::switch::SwitchEvent)s;
//! - [`command`], [`batch`], [`originate`], [`rearrange`], [`record`], [`quote`], [`cause`],
//!   [`setting`]: from orders to the text on the wire;
//! - `connection`, `listener`, `phones`, `lane`, `snapshot`, `stock`, `session`, `supervisor`: the link;
//! - `media`: its recordings.
//!
//! A leg arrives by parking in the dialplan, marked by the variable
//! [`command::MARK`]; `dialplans/freeswitch.xml.hbs` is the other half of this.

pub mod batch;
pub mod cause;
pub mod command;
mod connection;
mod error;
pub mod event;
pub mod fields;
pub mod frame;
mod lane;
mod listener;
mod media;
mod originate;
mod phones;
pub mod quote;
pub mod reader;
pub mod rearrange;
mod record;
mod session;
pub mod setting;
mod snapshot;
mod stock;
mod supervisor;
pub mod translate;

pub use error::EslError;

use crate::config::switch::FreeswitchConfig;
use crate::switch::link::{Inbox, LinkState, ORDER_QUEUE, SwitchLink};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Attaches to a FreeSWITCH and stays attached until the link's `orders` are dropped.
pub fn start(settings: &FreeswitchConfig, inbox: Inbox) -> SwitchLink {
    let id = inbox.switch().clone();
    let (orders, received) = mpsc::channel(ORDER_QUEUE);
    let (sender, state) = watch::channel(LinkState::Connecting {
        attempt: 0,
        last_error: None,
    });
    let supervisor = supervisor::Supervisor {
        settings: settings.clone(),
        inbox,
        orders: received,
        state: sender,
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "the adapter's root task; it ends when the orders are dropped"
    )]
    tokio::spawn(supervisor.run());
    SwitchLink {
        id,
        orders,
        state,
        media: Arc::new(media::Folder::new(settings)),
    }
}

/// Signs in and asks each question by the `api` command, for the doctor; the
/// answers come in the same order.
///
/// # Errors
/// [`EslError`] saying what is wrong and where; a question with a line break is
/// refused before anything is sent.
pub async fn ask(
    settings: &FreeswitchConfig,
    questions: &[String],
) -> Result<Vec<String>, EslError> {
    let messages = questions
        .iter()
        .map(|question| match question.find(['\r', '\n', '\0']) {
            None => Ok(format!("api {question}")),
            Some(_) => Err(EslError::Unaskable {
                question: question.clone(),
            }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut connection =
        connection::Connection::open(&settings.address, &settings.password).await?;
    connection.ask_all(&messages).await
}
