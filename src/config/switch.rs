//! `[[switch]]`: the switches this controller attaches to.

use crate::engine::id::SwitchId;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One switch: its id, and what its kind needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchConfig {
    /// Name of this switch, unique in the file; appears in every record.
    pub id: SwitchId,
    #[serde(flatten)]
    pub kind: SwitchKind,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SwitchKind {
    Freeswitch(FreeswitchConfig),
    Asterisk(AsteriskConfig),
    Simulated(SimulatedConfig),
}

/// `kind = "freeswitch"`: attach over the event socket (ESL).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreeswitchConfig {
    /// Host and port of the event socket.
    pub address: String,
    /// Password of the event socket.
    pub password: String,
    /// How an agent's extension is dialled; `{extension}` is replaced.
    /// For example `user/{extension}` or `sofia/internal/{extension}@10.0.0.5`.
    pub endpoint: String,
    /// Folder of prompts on the switch: `<prompts>/<language>/<prompt>.wav`.
    pub prompts: PathBuf,
    /// Folder the switch records into.
    pub recordings: PathBuf,
    /// The same folder as this controller sees it; by default the same path.
    #[serde(default)]
    pub recordings_seen_at: Option<PathBuf>,
    /// Connections that carry commands (besides the one for events).
    #[serde(default = "default_command_connections")]
    pub command_connections: u16,
    /// The dialplan extension that takes calls when the controller is away, with its context.
    #[serde(default = "default_fallback")]
    pub fallback: String,
}

fn default_command_connections() -> u16 {
    4
}

fn default_fallback() -> String {
    "switchyard-fallback XML switchyard".to_owned()
}

/// `kind = "asterisk"`: attach over ARI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsteriskConfig {
    /// Base address of ARI, for example `http://127.0.0.1:8088/ari`.
    pub url: String,
    pub user: String,
    pub password: String,
    /// The Stasis application's name, as in the dialplan.
    #[serde(default = "default_app")]
    pub app: String,
    /// How an agent's extension is dialled; `{extension}` is replaced.
    /// For example `PJSIP/{extension}`.
    pub endpoint: String,
    /// Folder of prompts below the switch's sounds: `<prompts>/<language>/<prompt>`.
    #[serde(default = "default_prompts")]
    pub prompts: String,
}

fn default_app() -> String {
    "switchyard".to_owned()
}

fn default_prompts() -> String {
    "switchyard".to_owned()
}

/// `kind = "simulated"`: callers and agents from a seed, in real time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedConfig {
    /// The same seed gives the same callers.
    #[serde(default)]
    pub seed: u64,
    /// Calls that arrive per minute, on average.
    pub calls_per_minute: u32,
    /// Mean length of a conversation, in seconds.
    pub talk_s: u32,
    /// Mean patience of a waiting caller, in seconds.
    pub patience_s: u32,
    /// Folder the simulated switch records into.
    pub recordings: PathBuf,
}
