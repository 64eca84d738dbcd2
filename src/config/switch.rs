//! `[switches.<id>]`: the switches this controller attaches to.

use crate::config::section::{Reader, Section, section};
use crate::engine::id::SwitchId;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One switch: its id, and what its kind needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchConfig {
    /// Name of this switch; appears in every record.
    pub id: SwitchId,
    pub kind: SwitchKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SwitchKind {
    Freeswitch(FreeswitchConfig),
    Asterisk(AsteriskConfig),
    Simulated(SimulatedConfig),
}

/// The word for a kind of switch in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindWord {
    Freeswitch,
    Asterisk,
    Simulated,
}

impl SwitchKind {
    /// The word for it in the file.
    pub fn word(&self) -> &'static str {
        match self {
            SwitchKind::Freeswitch(_) => "freeswitch",
            SwitchKind::Asterisk(_) => "asterisk",
            SwitchKind::Simulated(_) => "simulated",
        }
    }

    /// Whether it can dial numbers outside.
    pub fn dials_outside(&self) -> bool {
        match self {
            SwitchKind::Freeswitch(freeswitch) => freeswitch.outbound.is_some(),
            SwitchKind::Asterisk(asterisk) => asterisk.outbound.is_some(),
            SwitchKind::Simulated(_) => true,
        }
    }

    /// How agents on other switches are dialled.
    pub fn trunks(&self) -> &BTreeMap<SwitchId, String> {
        match self {
            SwitchKind::Freeswitch(settings) => &settings.trunks,
            SwitchKind::Asterisk(settings) => &settings.trunks,
            SwitchKind::Simulated(settings) => &settings.trunks,
        }
    }

    /// Reads the table of one switch by the `kind` it names.
    pub(super) fn read(mut reader: Reader<'_>) -> Option<Self> {
        match reader.required("kind", "\"asterisk\"")? {
            KindWord::Freeswitch => FreeswitchConfig::read(reader).map(SwitchKind::Freeswitch),
            KindWord::Asterisk => AsteriskConfig::read(reader).map(SwitchKind::Asterisk),
            KindWord::Simulated => SimulatedConfig::read(reader).map(SwitchKind::Simulated),
        }
    }
}

/// The switches that reach each other by trunks: each with the first of its pool,
/// by name. One that stands alone is not named.
pub fn pools(switches: &[SwitchConfig]) -> BTreeMap<SwitchId, SwitchId> {
    let linked = switches.iter().filter_map(|switch| {
        let first = switch.kind.trunks().keys().next()?;
        Some((switch.id.clone(), first.min(&switch.id).clone()))
    });
    linked.collect()
}

section! {
    /// `kind = "freeswitch"`: attach over the event socket (ESL).
    pub struct FreeswitchConfig {
        /// Host and port of the event socket.
        default address: String = "127.0.0.1:8021",
        /// Password of the event socket, or `password_file` with the path of a file that holds it.
        secret password: String = "change-me",
        /// How an agent's extension is dialled; `{extension}` is replaced.
        /// For example `user/{extension}` or `sofia/internal/{extension}@10.0.0.5`.
        default endpoint: String = "user/{extension}",
        /// How a number outside is dialled; `{number}` is replaced. Without it none is.
        optional outbound: Option<String> = "sofia/gateway/carrier/{number}",
        /// How agents on other switches are dialled over a trunk to their switch, for example
        /// `{ sanya = "sofia/gateway/sanya/{extension}" }`. Switches that reach each other serve
        /// each other's callers; `switchyard render dialplan` writes what answers such a trunk.
        default trunks: BTreeMap<SwitchId, String> = {},
        /// Folder of prompts on the switch: `<prompts>/<language>/<prompt>.wav`.
        default prompts: PathBuf = "/usr/share/freeswitch/sounds/switchyard",
        /// Folder the switch records into.
        default recordings: PathBuf = "/var/lib/freeswitch/recordings/switchyard",
        /// The same folder as this controller sees it; by default the same path.
        optional recordings_seen_at: Option<PathBuf> = "/mnt/freeswitch/recordings",
        /// Connections that carry commands (besides the one for events).
        default command_connections: u16 = 4,
        /// The dialplan extension that takes calls when the controller is away, with its context.
        default fallback: String = "switchyard-fallback XML switchyard",
    }
}

section! {
    /// `kind = "asterisk"`: attach over ARI.
    pub struct AsteriskConfig {
        /// Base address of ARI.
        default url: String = "http://127.0.0.1:8088/ari",
        /// The ARI user, from ari.conf.
        default user: String = "switchyard",
        /// The ARI user's password, or `password_file` with the path of a file that holds it.
        secret password: String = "change-me",
        /// The Stasis application's name, as in the dialplan.
        default app: String = "switchyard",
        /// How an agent's extension is dialled; `{extension}` is replaced.
        default endpoint: String = "PJSIP/{extension}",
        /// How a number outside is dialled; `{number}` is replaced. Without it none is.
        optional outbound: Option<String> = "PJSIP/{number}@carrier",
        /// How agents on other switches are dialled over a trunk to their switch, for example
        /// `{ sanya = "PJSIP/{extension}@sanya" }`. Switches that reach each other serve each
        /// other's callers; `switchyard render dialplan` writes what answers such a trunk.
        default trunks: BTreeMap<SwitchId, String> = {},
        /// Folder of prompts below the switch's sounds: `<prompts>/<language>/<prompt>`.
        default prompts: String = "switchyard",
    }
}

section! {
    /// `kind = "simulated"`: callers and agents from a seed, in real time.
    pub struct SimulatedConfig {
        /// The same seed gives the same callers.
        default seed: u64 = 1,
        /// Calls that arrive per minute, on average.
        default calls_per_minute: u32 = 20,
        /// Mean length of a conversation, in seconds.
        default talk_s: u32 = 60,
        /// Mean patience of a waiting caller, in seconds.
        default patience_s: u32 = 90,
        /// Other switches whose agents it reaches over a trunk: `{ sanya = "{extension}" }`.
        default trunks: BTreeMap<SwitchId, String> = {},
        /// Folder the simulated switch records into.
        default recordings: PathBuf = "/var/lib/switchyard/simulated-recordings",
    }
}
