//! Recordings as the store has them.

use crate::engine::recording::FilingOrder;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::schema::recordings;
use crate::store::word::unreadable;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

/// How far a recording has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Running on the switch.
    Recording,
    /// Complete on the switch, not yet in the recordings folder.
    Finished,
    /// In the recordings folder, with its length and hash.
    Filed,
    Lost,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Status::Recording => "recording",
            Status::Finished => "finished",
            Status::Filed => "filed",
            Status::Lost => "lost",
        }
    }
}

/// Recordings that were complete on their switch when the last run ended, and
/// that nobody has fetched: to be filed now.
///
/// # Errors
/// [`StoreError`] when the store does not answer.
pub async fn unfiled(store: &Store) -> Result<Vec<FilingOrder>, StoreError> {
    store
        .read(|conn| {
            let orders: Vec<Option<String>> = recordings::table
                .filter(recordings::settled.is_null())
                .filter(recordings::filing.is_not_null())
                .order((recordings::call, recordings::recording))
                .select(recordings::filing)
                .load(conn)?;
            let read = |json: String| {
                serde_json::from_str(&json).map_err(|_| unreadable("a filing order", &json))
            };
            orders.into_iter().flatten().map(read).collect()
        })
        .await
}
