//! The requests that carry out a command. Pure: what must be sent is built
//! here, [`super::executor`] sends it.

use super::api::ApiError;
use super::request::{Method, Request};
use super::translate::DIALLED_BY_US;
use crate::config::switch::AsteriskConfig;
use crate::engine::cause::Cause;
use crate::engine::id::{ChannelId, MusicClass, PromptId, SwitchId};
use crate::engine::time::Span;
use crate::switch::{Extension, Key, Language, LegVariables, Ring, Target};
use serde::Serialize;
use std::collections::BTreeMap;

/// How this switch names things, from its settings.
#[derive(Clone, Debug)]
pub(super) struct Dialect {
    pub(super) app: String,
    endpoint: String,
    outbound: Option<String>,
    trunks: BTreeMap<SwitchId, String>,
    prompts: String,
}

impl Dialect {
    pub(super) fn new(settings: &AsteriskConfig) -> Self {
        Self {
            app: settings.app.clone(),
            endpoint: settings.endpoint.clone(),
            outbound: settings.outbound.clone(),
            trunks: settings.trunks.clone(),
            prompts: settings.prompts.trim_matches('/').to_owned(),
        }
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The leg is created first and dialled then: one created and dialled in
    /// one request is cut when it is answered while the controller is away.
    ///
    /// # Errors
    /// [`ApiError::NoOutbound`] for a number outside without the `outbound` setting,
    /// [`ApiError::NoTrunk`] for a device on a switch without a trunk to it.
    pub(super) fn create(&self, ring: &Ring) -> Result<Request, ApiError> {
        let endpoint = self.endpoint_of(&ring.to)?;
        let is_pjsip = endpoint.starts_with("PJSIP/");
        let create = Request::post(&["channels", "create"])
            .query("endpoint", endpoint)
            .query("app", &self.app)
            .query("appArgs", DIALLED_BY_US)
            .query("channelId", &ring.channel);
        let create = match &ring.originator {
            Some(originator) => create.query("originator", originator),
            None => create,
        };
        Ok(create.json(variables_of(ring, is_pjsip)))
    }

    fn endpoint_of(&self, to: &Target) -> Result<String, ApiError> {
        let device = |setting: &str, extension: &Extension| {
            setting.replace("{extension}", extension.as_str())
        };
        match to {
            Target::Extension(extension) => Ok(device(&self.endpoint, extension)),
            Target::Remote { switch, extension } => match self.trunks.get(switch) {
                Some(trunk) => Ok(device(trunk, extension)),
                None => Err(ApiError::NoTrunk(switch.clone())),
            },
            Target::Number(number) => match &self.outbound {
                Some(outbound) => Ok(outbound.replace("{number}", number.as_str())),
                None => Err(ApiError::NoOutbound(number.clone())),
            },
        }
    }

    pub(super) fn play(
        &self,
        channel: &ChannelId,
        playback: &str,
        prompts: &[PromptId],
        language: Language,
    ) -> Request {
        let folder = format!("{}/{}", self.prompts, language.tag());
        let media = prompts
            .iter()
            .map(|prompt| format!("sound:{folder}/{prompt}"));
        Request::post(&["channels", channel.as_str(), "play"])
            .query("playbackId", playback)
            .query("media", media.collect::<Vec<_>>().join(","))
    }
}

/// What asks a phone to answer by itself; phones of most makers know one of the two.
const AUTO_ANSWER: [(&str, &str); 2] = [
    (
        "PJSIP_HEADER(add,Call-Info)",
        "<sip:auto-answer>;answer-after=0",
    ),
    (
        "PJSIP_HEADER(add,Alert-Info)",
        "<http://auto-answer>;info=alert-autoanswer",
    ),
];

/// Leaves a transfer that the phone asks for (REFER) to us.
const TRANSFERS_ARE_OURS: (&str, &str) = ("PJSIP_TRANSFER_HANDLING()", "ari-only");

/// Tells the other switch that a controller's trunk rings one of its agents.
const OVER_TRUNK: &str = "PJSIP_HEADER(add,X-Switchyard-Trunk)";

/// Our variables, whom the agent's phone shows as the caller, and how a SIP
/// phone is to behave.
fn variables_of(ring: &Ring, is_pjsip: bool) -> String {
    #[derive(Serialize)]
    struct Body<'a> {
        variables: BTreeMap<&'a str, &'a str>,
    }
    let ours = ring.variables.iter();
    let mut variables: BTreeMap<_, _> = ours.map(|(name, value)| (name.name(), value)).collect();
    variables.insert("CONNECTEDLINE(num,i)", ring.caller_number.as_str());
    variables.insert("CONNECTEDLINE(name,i)", ring.caller_name.as_str());
    if is_pjsip {
        variables.extend([TRANSFERS_ARE_OURS]);
        if let Target::Remote { switch, .. } = &ring.to {
            variables.insert(OVER_TRUNK, switch.as_str());
        }
        variables.extend(AUTO_ANSWER.into_iter().filter(|_| ring.auto_answer));
    }
    // A map of texts always serialises.
    serde_json::to_string(&Body { variables }).unwrap_or_default()
}

pub(super) fn dial(ring: &Ring) -> Request {
    let seconds = ring.timeout.as_millis().div_ceil(1_000).max(1);
    Request::post(&["channels", ring.channel.as_str(), "dial"]).query("timeout", seconds)
}

pub(super) fn answer(channel: &ChannelId) -> Request {
    Request::post(&["channels", channel.as_str(), "answer"])
}

/// Ends a leg; before its answer the cause becomes the SIP status: 17 gives 486.
pub(super) fn hang_up(channel: &ChannelId, cause: Cause) -> Request {
    // Causes above 127 are not of Q.850.
    let code = match cause.q850() {
        code @ 1..=127 => code,
        _ => Cause::NormalClearing.q850(),
    };
    Request::delete(&["channels", channel.as_str()]).query("reason_code", code)
}

pub(super) fn music(channel: &ChannelId, class: &MusicClass) -> Request {
    Request::post(&["channels", channel.as_str(), "moh"]).query("mohClass", class)
}

/// On a leg that was answered the switch plays the tone of its country (indications.conf).
pub(super) fn ring_back(channel: &ChannelId) -> Request {
    Request::post(&["channels", channel.as_str(), "ring"])
}

pub(super) fn end_ring_back(channel: &ChannelId) -> Request {
    Request::delete(&["channels", channel.as_str(), "ring"])
}

/// Arms or renews the dead-man's timer; [`Span::ZERO`] disarms it.
pub(super) fn guard(channel: &ChannelId, after: Span) -> Request {
    let millis = after.as_millis();
    let seconds = format!("{}.{:03}", millis / 1_000, millis % 1_000);
    set_variable(channel, "TIMEOUT(absolute)", &seconds)
}

pub(super) fn set_variables(channel: &ChannelId, variables: &LegVariables) -> Vec<Request> {
    let set = |(name, value): (crate::switch::LegVariable, &str)| {
        set_variable(channel, name.name(), value)
    };
    variables.iter().map(set).collect()
}

fn set_variable(channel: &ChannelId, variable: &str, value: &str) -> Request {
    Request::post(&["channels", channel.as_str(), "variable"])
        .query("variable", variable)
        .query("value", value)
}

/// Presses keys for 100 ms each, 100 ms apart.
pub(super) fn send_digits(channel: &ChannelId, digits: &[Key]) -> Request {
    let keys: String = digits.iter().map(|key| char::from(*key)).collect();
    Request::post(&["channels", channel.as_str(), "dtmf"])
        .query("dtmf", keys)
        .query("duration", 100)
        .query("between", 100)
}

/// The context of lamps in the dialplan that `switchyard render dialplan` writes.
const LAMPS: &str = "switchyard-lamp";

/// Creates the mailbox where there is none.
pub(super) fn set_lamp(mailbox: &Extension, new: u32, old: u32) -> Request {
    let mailbox = format!("{mailbox}@switchyard");
    Request::new(Method::Put, &["mailboxes", &mailbox])
        .query("newMessages", new)
        .query("oldMessages", old)
}

/// The same by way of the dialplan, for an Asterisk that has no mailboxes in
/// ARI: Debian's is one. The channel ends with the one step it runs.
pub(super) fn set_lamp_by_dialplan(mailbox: &Extension, new: u32, old: u32) -> Request {
    #[derive(Serialize)]
    struct Body {
        variables: BTreeMap<&'static str, String>,
    }
    let counts = [("switchyard_new", new), ("switchyard_old", old)];
    let variables = counts.map(|(name, count)| (name, count.to_string()));
    let body = Body {
        variables: variables.into(),
    };
    Request::post(&["channels"])
        .query("endpoint", format!("Local/{mailbox}@{LAMPS}"))
        .query("context", LAMPS)
        .query("extension", mailbox)
        .query("priority", "2")
        // A map of texts always serialises.
        .json(serde_json::to_string(&body).unwrap_or_default())
}

/// Tells a phone how the transfer ends that it asked for (a NOTIFY of its REFER).
pub(super) fn answer_transfer(channel: &ChannelId, granted: bool) -> Request {
    let state = match granted {
        true => "channel_answered",
        false => "channel_declined",
    };
    Request::post(&["channels", channel.as_str(), "transfer_progress"]).query("states", state)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::engine::text::OutsideText;
    use crate::switch::{LegVariable, PhoneNumber};

    pub(in crate::switch::asterisk) fn dialect() -> Dialect {
        Dialect {
            app: "switchyard".to_owned(),
            endpoint: "PJSIP/{extension}".to_owned(),
            outbound: None,
            trunks: BTreeMap::new(),
            prompts: "switchyard".to_owned(),
        }
    }

    fn a_ring() -> Ring {
        Ring {
            channel: ChannelId::new("leg-1").unwrap(),
            to: Target::Extension(Extension::new("1001").unwrap()),
            auto_answer: false,
            caller_number: OutsideText::new("13800138000"),
            caller_name: OutsideText::new("Zhang \"San\", ${EXTEN}\r\nX: y"),
            timeout: Span::millis(1_500),
            variables: LegVariables::default().with(LegVariable::Role, "agent"),
            originator: Some(ChannelId::new("1795307979.0").unwrap()),
        }
    }

    #[test]
    fn a_leg_is_created_with_the_callers_name_and_our_variables() {
        let ring = a_ring();
        let create = dialect().create(&ring).unwrap();
        insta::assert_snapshot!(create.address().unwrap(), @"/channels/create?endpoint=PJSIP%2F1001&app=switchyard&appArgs=ring&channelId=leg-1&originator=1795307979.0");
        insta::assert_snapshot!(create.body.unwrap(), @r#"{"variables":{"CONNECTEDLINE(name,i)":"Zhang \"San\", ${EXTEN}��X: y","CONNECTEDLINE(num,i)":"13800138000","PJSIP_TRANSFER_HANDLING()":"ari-only","switchyard_role":"agent"}}"#);
        insta::assert_snapshot!(dial(&ring).address().unwrap(), @"/channels/leg-1/dial?timeout=2");
    }

    #[test]
    fn prompts_are_one_list() {
        let prompts = ["welcome", "menu"].map(|prompt| PromptId::new(prompt).unwrap());
        let channel = ChannelId::new("1.2").unwrap();
        let play = dialect().play(&channel, "p", &prompts, Language::Chinese);
        insta::assert_snapshot!(play.address().unwrap(), @"/channels/1.2/play?playbackId=p&media=sound%3Aswitchyard%2Fzh-CN%2Fwelcome%2Csound%3Aswitchyard%2Fzh-CN%2Fmenu");
    }

    #[test]
    fn a_cause_that_q850_lacks_is_normal_clearing() {
        let channel = ChannelId::new("1.2").unwrap();
        let code = |cause| hang_up(&channel, cause).address().unwrap();
        assert_eq!(code(Cause::UserBusy), "/channels/1.2?reason_code=17");
        assert_eq!(
            code(Cause::OriginatorCancel),
            "/channels/1.2?reason_code=16"
        );
        assert_eq!(
            guard(&channel, Span::millis(30_250)).address().unwrap(),
            "/channels/1.2/variable?variable=TIMEOUT%28absolute%29&value=30.250"
        );
    }
    #[test]
    fn a_phone_is_asked_to_answer_by_itself_where_it_is_a_sip_phone() {
        let ring = Ring {
            auto_answer: true,
            variables: LegVariables::default(),
            ..a_ring()
        };
        insta::assert_snapshot!(dialect().create(&ring).unwrap().body.unwrap(), @r#"{"variables":{"CONNECTEDLINE(name,i)":"Zhang \"San\", ${EXTEN}��X: y","CONNECTEDLINE(num,i)":"13800138000","PJSIP_HEADER(add,Alert-Info)":"<http://auto-answer>;info=alert-autoanswer","PJSIP_HEADER(add,Call-Info)":"<sip:auto-answer>;answer-after=0","PJSIP_TRANSFER_HANDLING()":"ari-only"}}"#);
        let other = Dialect {
            endpoint: "Local/{extension}@phones".to_owned(),
            ..dialect()
        };
        let body = other.create(&ring).unwrap().body.unwrap();
        assert!(!body.contains("PJSIP"), "{body}");
    }

    #[test]
    fn a_number_outside_is_dialled_by_the_setting_for_it() {
        let number = PhoneNumber::new("+8613800138000").unwrap();
        let ring = Ring {
            to: Target::Number(number),
            ..a_ring()
        };
        let refused = dialect().create(&ring).unwrap_err();
        assert!(matches!(refused, ApiError::NoOutbound(_)), "{refused}");
        let trunk = Dialect {
            outbound: Some("PJSIP/{number}@trunk".to_owned()),
            ..dialect()
        };
        insta::assert_snapshot!(trunk.create(&ring).unwrap().address().unwrap(), @"/channels/create?endpoint=PJSIP%2F%2B8613800138000%40trunk&app=switchyard&appArgs=ring&channelId=leg-1&originator=1795307979.0");
    }

    #[test]
    fn an_agent_on_another_switch_is_dialled_over_the_trunk_to_it() {
        let ring = Ring {
            to: Target::Remote {
                switch: "sanya".parse().unwrap(),
                extension: Extension::new("3004").unwrap(),
            },
            originator: None,
            ..a_ring()
        };
        let refused = dialect().create(&ring).unwrap_err();
        assert!(matches!(refused, ApiError::NoTrunk(_)), "{refused}");
        let linked = Dialect {
            trunks: BTreeMap::from([(
                "sanya".parse().unwrap(),
                "PJSIP/{extension}@to-sanya".to_owned(),
            )]),
            ..dialect()
        };
        let create = linked.create(&ring).unwrap();
        insta::assert_snapshot!(create.address().unwrap(), @"/channels/create?endpoint=PJSIP%2F3004%40to-sanya&app=switchyard&appArgs=ring&channelId=leg-1");
        let body = create.body.unwrap();
        assert!(
            body.contains(r#""PJSIP_HEADER(add,X-Switchyard-Trunk)":"sanya""#),
            "{body}"
        );
    }

    #[test]
    fn keys_are_pressed_one_after_the_other() {
        let channel = ChannelId::new("1.2").unwrap();
        let keys = ['1', '*', '#', 'd'].map(|key| Key::try_from(key).unwrap());
        insta::assert_snapshot!(send_digits(&channel, &keys).address().unwrap(), @"/channels/1.2/dtmf?dtmf=1%2A%23D&duration=100&between=100");
    }

    #[test]
    fn a_lamp_is_the_count_of_messages_in_a_mailbox() {
        let lamp = set_lamp(&Extension::new("1001").unwrap(), 2, 1);
        assert_eq!(lamp.method, Method::Put);
        insta::assert_snapshot!(lamp.address().unwrap(), @"/mailboxes/1001%40switchyard?newMessages=2&oldMessages=1");
        let lamp = set_lamp_by_dialplan(&Extension::new("1001").unwrap(), 2, 1);
        insta::assert_snapshot!(lamp.address().unwrap(), @"/channels?endpoint=Local%2F1001%40switchyard-lamp&context=switchyard-lamp&extension=1001&priority=2");
        insta::assert_snapshot!(lamp.body.unwrap(), @r#"{"variables":{"switchyard_new":"2","switchyard_old":"1"}}"#);
    }
}
