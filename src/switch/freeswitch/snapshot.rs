//! What lives on the switch: its list, which is short and behind by a second or
//! more, and single channels, which are told in full and as they are.

use crate::engine::id::ChannelId;
use crate::switch::freeswitch::command::Dialect;
use crate::switch::freeswitch::connection::Connection;
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::fields::Lookup;
use crate::switch::freeswitch::translate::{BEING_DIALLED, live_leg};
use crate::switch::{ChannelState, Examination, ListedLeg, Snapshot};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The answer to `show … as json`. It carries no channel variables, and comes
/// from a table that the switch writes behind its own work.
#[derive(Deserialize)]
struct List<Row> {
    #[serde(default = "Vec::new")]
    rows: Vec<Row>,
}

/// A row of `show channels`.
#[derive(Deserialize)]
struct Channel {
    uuid: String,
    #[serde(default)]
    direction: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    callstate: String,
}

/// A row of `show bridged_calls`.
#[derive(Deserialize)]
struct Pair {
    uuid: String,
    b_uuid: String,
}

/// The answer to `uuid_dump … json`. The plain form is of no use here: it does
/// not encode line breaks, and a caller's SDP could invent lines of its own.
#[derive(Deserialize)]
#[serde(transparent)]
struct Dump(BTreeMap<String, Value>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    One(String),
    Several(Vec<String>),
}

impl Lookup for Dump {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.0.get(name)? {
            Value::One(value) => Some(Cow::Borrowed(value.as_str())),
            Value::Several(values) => values.first().map(|value| Cow::Borrowed(value.as_str())),
        }
        .filter(|value| !value.is_empty())
    }
}

impl Channel {
    fn state(&self) -> ChannelState {
        let dialled = self.direction == "outbound" && BEING_DIALLED.contains(&&*self.state);
        match self.callstate.as_str() {
            "ACTIVE" | "HELD" | "UNHELD" if !dialled => ChannelState::Answered,
            _ => ChannelState::Ringing,
        }
    }
}

/// Reads the list of channels and of those that are bridged.
///
/// # Errors
/// [`EslError`] when the connection fails or a list can't be read.
pub(super) async fn list(connection: &mut Connection) -> Result<Snapshot, EslError> {
    // Those that are bridged first: who is in the second list only is not yet.
    let pairs: List<Pair> = ask(connection, "api show bridged_calls as json").await?;
    let channels: List<Channel> = ask(connection, "api show channels as json").await?;
    let mut peers = BTreeMap::new();
    for Pair { uuid, b_uuid } in &pairs.rows {
        peers.insert(uuid.as_str(), b_uuid.as_str());
        peers.insert(b_uuid.as_str(), uuid.as_str());
    }
    let listed = channels.rows.iter().filter_map(|row| {
        let peer = peers.get(row.uuid.as_str());
        Some(ListedLeg {
            // A name that could be no command's argument is not ours.
            channel: ChannelId::new(&row.uuid).ok()?,
            state: row.state(),
            peer: peer.and_then(|peer| ChannelId::new(peer).ok()),
        })
    });
    Ok(Snapshot {
        legs: Vec::new(),
        listed: listed.collect(),
        lags: true,
    })
}

async fn ask<Row: for<'a> Deserialize<'a>>(
    connection: &mut Connection,
    question: &str,
) -> Result<List<Row>, EslError> {
    let answer = connection.ask(question).await?;
    Ok(serde_json::from_str(&answer)?)
}

/// Reads these channels one by one, with their variables.
///
/// # Errors
/// [`EslError`] when the connection fails.
pub(super) async fn examine(
    connection: &mut Connection,
    dialect: &Dialect,
    channels: &[ChannelId],
) -> Result<Examination, EslError> {
    let questions = channels
        .iter()
        .map(|channel| format!("api uuid_dump {channel} json"));
    let answers = connection.ask_all(&questions.collect::<Vec<_>>()).await?;
    let mut found = Examination::default();
    for (channel, answer) in channels.iter().zip(&answers) {
        let dump = serde_json::from_str::<Dump>(answer).ok();
        match dump.and_then(|dump| live_leg(dialect, &dump)) {
            Some(leg) => found.legs.push(leg),
            None => found.strangers.push(channel.clone()),
        }
    }
    Ok(found)
}
