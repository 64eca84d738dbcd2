//! Everything alive on the switch that is ours.

use crate::switch::Snapshot;
use crate::switch::freeswitch::command::Dialect;
use crate::switch::freeswitch::connection::Connection;
use crate::switch::freeswitch::error::EslError;
use crate::switch::freeswitch::fields::Lookup;
use crate::switch::freeswitch::translate::live_leg;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The answer to `show channels as json`. It carries no channel variables.
#[derive(Deserialize)]
struct Channels {
    #[serde(default)]
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    uuid: String,
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

/// Reads the list of channels, then each channel's variables.
///
/// # Errors
/// [`EslError`] when the connection fails or the list can't be read. A channel
/// that ended meanwhile is left out.
pub(super) async fn take(
    connection: &mut Connection,
    dialect: &Dialect,
) -> Result<Snapshot, EslError> {
    let list = connection.ask("api show channels as json").await?;
    let channels: Channels = serde_json::from_str(&list)?;
    let dumps = channels
        .rows
        .iter()
        .map(|row| format!("api uuid_dump {} json", row.uuid));
    // A name with a line break could only be an attack; it is not ours.
    let dumps = dumps
        .filter(|line| !line.contains(['\r', '\n']))
        .collect::<Vec<_>>();
    let answers = connection.ask_all(&dumps).await?;
    let legs = answers
        .iter()
        .filter_map(|answer| serde_json::from_str::<Dump>(answer).ok());
    Ok(Snapshot {
        legs: legs.filter_map(|dump| live_leg(dialect, &dump)).collect(),
    })
}
