//! Recordings as the store has them.

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
