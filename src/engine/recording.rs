//! Recordings as the engine sees them: it says what to record and how the file
//! is named; the audio itself never comes near it.

use crate::engine::id::{CallId, CommandId, SwitchId};
use crate::engine::time::Timestamp;
use crate::switch::RecordedMedia;
use serde::{Deserialize, Serialize};

/// Asks the recordings room to fetch a finished recording from its switch,
/// bring it into the standard form (WAV, 8 kHz or better, 16 bit, caller left,
/// agent right), name it, hash it and put it into the recordings folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilingOrder {
    pub recording: CommandId,
    pub switch: SwitchId,
    pub call: CallId,
    /// When the recording was asked for; part of the file's name.
    pub started: Timestamp,
    pub media: RecordedMedia,
}

/// A recording in the recordings folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiledRecording {
    /// Path below the recordings folder, with '/' between its parts.
    pub name: String,
    /// Length of the audio in milliseconds.
    pub length_ms: u64,
    /// From the beginning to the last sound, in milliseconds; measured in messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_ms: Option<u64>,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the whole file, 64 lower-case hexadecimal digits.
    pub sha256: String,
}
