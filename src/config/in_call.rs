//! `[in_call]`: what holds for every call that an agent serves.

use crate::config::section::section;
use crate::engine::centre::InCallSettings;
use crate::engine::id::{IdError, MusicClass};
use crate::engine::request::Destination;
use crate::engine::time::Span;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

section! {
    /// What holds for every call that an agent serves.
    pub struct InCallConfig {
        /// Class of music on hold for callers who came through no queue.
        default music: MusicClass = "default",
        /// Seconds one who is consulted, invited or sent a caller is rung.
        default ring_s: NonZeroU32 = 30,
        /// The first parking slot.
        default first_slot: u16 = 700,
        /// The last parking slot.
        default last_slot: u16 = 799,
        /// Seconds a caller stays parked before the agent who parked is rung.
        default parking_s: NonZeroU32 = 120,
        /// People in one conference, the caller and the agent included.
        default max_conference: NonZeroU32 = 50,
        /// What agents dial on their phones, besides extensions, access numbers and numbers
        /// outside, to send a caller there: `{ 81 = "queue:reservations", 82 = "flow:menu",
        /// 83 = "agent:wangfang" }`.
        default transfer_codes: BTreeMap<String, TransferCode> = {},
    }
}

/// Where one of the `transfer_codes` leads.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct TransferCode(pub Destination);

impl TryFrom<String> for TransferCode {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let named = |error: IdError| format!("{text:?}: {error}");
        let to = match text.split_once(':') {
            Some(("queue", id)) => id.parse().map(Destination::Queue).map_err(named)?,
            Some(("flow", id)) => id.parse().map(Destination::Flow).map_err(named)?,
            Some(("agent", id)) => id.parse().map(Destination::Agent).map_err(named)?,
            _ => {
                let forms = "\"queue:<id>\", \"flow:<id>\" or \"agent:<id>\"";
                return Err(format!("{text:?} is not {forms}"));
            }
        };
        Ok(Self(to))
    }
}

impl From<&InCallConfig> for InCallSettings {
    fn from(settings: &InCallConfig) -> Self {
        Self {
            music: Some(settings.music.clone()),
            ring: Span::seconds(settings.ring_s.get()),
            slots: (settings.first_slot, settings.last_slot),
            parking: Span::seconds(settings.parking_s.get()),
            max_conference: settings.max_conference.get(),
            transfer_codes: settings
                .transfer_codes
                .iter()
                .map(|(code, to)| (code.clone(), to.0.clone()))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::section::Section;

    #[test]
    fn the_defaults_are_those_of_the_engine() {
        assert_eq!(
            InCallSettings::from(&InCallConfig::parse("").unwrap()),
            InCallSettings::default()
        );
    }
}
