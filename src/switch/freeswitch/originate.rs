//! Whom `originate` dials and how: the dial strings, and where the mailboxes of
//! these devices are.

use crate::config::switch::FreeswitchConfig;
use crate::engine::id::SwitchId;
use crate::switch::freeswitch::command::{MARK, Unspeakable, assignments, seconds};
use crate::switch::freeswitch::quote::inert;
use crate::switch::freeswitch::setting::{SettingError, plain};
use crate::switch::{Extension, Ring, Target};
use std::collections::BTreeMap;

/// What every leg of ours carries from its beginning. The dialplan sets the same
/// on those that arrive.
const ALWAYS: [&str; 8] = [
    // It outlives the other legs of its call.
    "park_after_bridge=true",
    "hangup_after_bridge=false",
    // Without it a device that holds takes its far end with it when it leaves.
    "hold_hangup_xfer_exten=park:inline",
    // Each `uuid_transfer` takes one; at none left the switch hangs up.
    "max_session_transfers=1000000",
    // Where a REFER of the other leg's device leads, whatever it asks for; that
    // its own device waits for the answer; and that one with Replaces is refused.
    "force_transfer_dialplan=XML",
    "force_transfer_context=switchyard-referred",
    "confirm_blind_transfer=true",
    "deny_refer_requests=true",
];

/// What asks a device to answer by itself, as phones of different makers know it.
const AUTO_ANSWER: [&str; 2] = [
    "sip_h_Call-Info=<sip:switchyard>;answer-after=0",
    "sip_h_Alert-Info=<sip:switchyard>;info=alert-autoanswer",
];

/// The settings `endpoint` and `outbound`, checked.
#[derive(Clone, Debug)]
pub(super) struct Endpoints {
    inside: String,
    outside: Option<String>,
    trunks: BTreeMap<SwitchId, String>,
}

impl Endpoints {
    pub(super) fn new(settings: &FreeswitchConfig) -> Result<Self, SettingError> {
        let inside = settings.endpoint.clone();
        if !inside.contains("{extension}") {
            return Err(SettingError::NoExtension { found: inside });
        }
        plain("endpoint", &inside.replace("{extension}", ""))?;
        let outside = settings.outbound.clone();
        if let Some(outside) = &outside {
            if !outside.contains("{number}") {
                let found = outside.clone();
                return Err(SettingError::NoNumber { found });
            }
            plain("outbound", &outside.replace("{number}", ""))?;
        }
        let trunks = settings.trunks.clone();
        for trunk in trunks.values() {
            if !trunk.contains("{extension}") {
                let found = trunk.clone();
                return Err(SettingError::NoExtension { found });
            }
            plain("trunks", &trunk.replace("{extension}", ""))?;
        }
        Ok(Self {
            inside,
            outside,
            trunks,
        })
    }

    fn of(&self, to: &Target) -> Result<String, Unspeakable> {
        let device = |setting: &str, extension: &Extension| {
            setting.replace("{extension}", extension.as_str())
        };
        match to {
            Target::Extension(extension) => Ok(device(&self.inside, extension)),
            Target::Remote { switch, extension } => match self.trunks.get(switch) {
                Some(trunk) => Ok(device(trunk, extension)),
                None => Err(Unspeakable::NoTrunk(switch.clone())),
            },
            Target::Number(number) => match &self.outside {
                Some(outside) => Ok(outside.replace("{number}", number.as_str())),
                None => Err(Unspeakable::NoOutbound(number.clone())),
            },
        }
    }

    /// The dial string of a new leg, with its variables.
    pub(super) fn dial_string(
        &self,
        ring: &Ring,
        switch: &SwitchId,
    ) -> Result<String, Unspeakable> {
        let number = match ring.caller_number.as_str() {
            "" => "anonymous",
            number => number,
        };
        let mut variables = vec![
            format!("origination_uuid={}", ring.channel),
            format!("origination_caller_id_number={}", inert(number)),
            format!("originate_timeout={}", seconds(ring.timeout)),
            "ignore_early_media=true".to_owned(),
            // A key is told, and ends nothing.
            "playback_terminators=none".to_owned(),
            format!("{MARK}={}", inert(switch.as_str())),
        ];
        variables.extend(ALWAYS.map(str::to_owned));
        if !ring.caller_name.is_empty() {
            variables.push(format!(
                "origination_caller_id_name={}",
                inert(ring.caller_name.as_str())
            ));
        }
        if ring.auto_answer {
            variables.extend(AUTO_ANSWER.map(str::to_owned));
        }
        if let Target::Remote { switch, .. } = &ring.to {
            let name = inert(switch.as_str());
            variables.push(format!("sip_h_X-Switchyard-Trunk={name}"));
        }
        variables.extend(assignments(&ring.variables));
        Ok(format!("{{{}}}{}", variables.join(","), self.of(&ring.to)?))
    }

    /// The account of a mailbox, `extension@domain`. The switch ends at once when
    /// it is told of an account without a domain.
    pub(super) fn account(&self, mailbox: &Extension) -> Result<String, Unspeakable> {
        let (_, place) = self.inside.split_once("{extension}@").unwrap_or_default();
        match place.split(':').next() {
            None | Some("") => Err(Unspeakable::NoDomain(mailbox.clone())),
            Some(domain) => Ok(format!("{mailbox}@{domain}")),
        }
    }

    /// The SIP profile that devices are dialled through, when the setting names one.
    pub(super) fn profile(&self) -> Option<&str> {
        let (profile, _) = self.inside.strip_prefix("sofia/")?.split_once('/')?;
        (profile != "gateway").then_some(profile)
    }
}
