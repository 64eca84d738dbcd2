//! The requests that carry out a command. Pure: what must be sent is built
//! here, [`super::executor`] sends it.

use super::api::ApiError;
use super::name::Name;
use super::request::Request;
use super::translate::{DIALLED_BY_US, SNOOP};
use crate::config::switch::AsteriskConfig;
use crate::engine::cause::Cause;
use crate::engine::id::{ChannelId, MusicClass, PromptId};
use crate::engine::time::Span;
use crate::switch::{Language, LegVariables, Ring, Target};
use serde::Serialize;
use std::collections::BTreeMap;

/// How this switch names things, from its settings.
#[derive(Clone, Debug)]
pub(super) struct Dialect {
    pub(super) app: String,
    endpoint: String,
    outbound: Option<String>,
    prompts: String,
}

impl Dialect {
    pub(super) fn new(settings: &AsteriskConfig) -> Self {
        Self {
            app: settings.app.clone(),
            endpoint: settings.endpoint.clone(),
            outbound: settings.outbound.clone(),
            prompts: settings.prompts.trim_matches('/').to_owned(),
        }
    }

    /// The leg is created first and dialled then: one created and dialled in
    /// one request is cut when it is answered while the controller is away.
    ///
    /// # Errors
    /// [`ApiError::NoOutbound`] for a number outside without the `outbound` setting.
    pub(super) fn create(&self, ring: &Ring) -> Result<Request, ApiError> {
        let endpoint = match (&ring.to, &self.outbound) {
            (Target::Extension(extension), _) => {
                self.endpoint.replace("{extension}", extension.as_str())
            }
            (Target::Number(number), Some(outbound)) => {
                outbound.replace("{number}", number.as_str())
            }
            (Target::Number(number), None) => {
                return Err(ApiError::NoOutbound(number.clone()));
            }
        };
        let create = Request::post(&["channels", "create"])
            .query("endpoint", endpoint)
            .query("app", &self.app)
            .query("appArgs", DIALLED_BY_US)
            .query("channelId", &ring.channel);
        let create = match &ring.originator {
            Some(originator) => create.query("originator", originator),
            None => create,
        };
        Ok(create.json(variables_of(ring)))
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

    pub(super) fn snoop(&self, party: &ChannelId, track: &str) -> Request {
        Request::post(&["channels", party.as_str(), "snoop"])
            .query("snoopId", track)
            .query("spy", "in")
            .query("app", &self.app)
            .query("appArgs", SNOOP)
    }
}

/// Our variables, and whom the agent's phone shows as the caller.
fn variables_of(ring: &Ring) -> String {
    #[derive(Serialize)]
    struct Body<'a> {
        variables: BTreeMap<&'a str, &'a str>,
    }
    let ours = ring.variables.iter();
    let mut variables: BTreeMap<_, _> = ours.map(|(name, value)| (name.name(), value)).collect();
    variables.insert("CONNECTEDLINE(num,i)", ring.caller_number.as_str());
    variables.insert("CONNECTEDLINE(name,i)", ring.caller_name.as_str());
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

/// An empty bridge, named after `channel`; see [`super::translate`].
pub(super) fn bridge(bridge: &str, channel: &ChannelId) -> Request {
    Request::post(&["bridges"])
        .query("bridgeId", bridge)
        .query("type", "mixing")
        .query("name", channel)
}

pub(super) fn join(bridge: &str, channel: &ChannelId, peer: &ChannelId) -> Request {
    Request::post(&["bridges", bridge, "addChannel"]).query("channel", format!("{channel},{peer}"))
}

pub(super) fn destroy_bridge(bridge: &str) -> Request {
    Request::delete(&["bridges", bridge])
}

/// Records a snoop channel under its own name.
pub(super) fn start_track(track: &str) -> Request {
    Request::post(&["channels", track, "record"])
        .query("name", track)
        .query("format", "wav")
        .query("ifExists", "overwrite")
}

pub(super) fn end_track(track: &str) -> Request {
    Request::delete(&["channels", track])
}

pub(super) fn bridge_name(name: &Name) -> String {
    format!("{name}-bridge")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::text::OutsideText;
    use crate::switch::{Extension, LegVariable};

    fn dialect() -> Dialect {
        Dialect {
            app: "switchyard".to_owned(),
            endpoint: "PJSIP/{extension}".to_owned(),
            outbound: None,
            prompts: "switchyard".to_owned(),
        }
    }

    #[test]
    fn a_leg_is_created_with_the_callers_name_and_our_variables() {
        let ring = Ring {
            channel: ChannelId::new("leg-1").unwrap(),
            to: Target::Extension(Extension::new("1001").unwrap()),
            auto_answer: false,
            caller_number: OutsideText::new("13800138000"),
            caller_name: OutsideText::new("Zhang \"San\", ${EXTEN}\r\nX: y"),
            timeout: Span::millis(1_500),
            variables: LegVariables::default().with(LegVariable::Role, "agent"),
            originator: Some(ChannelId::new("1795307979.0").unwrap()),
        };
        let create = dialect().create(&ring).unwrap();
        insta::assert_snapshot!(create.address().unwrap(), @"/channels/create?endpoint=PJSIP%2F1001&app=switchyard&appArgs=ring&channelId=leg-1&originator=1795307979.0");
        insta::assert_snapshot!(create.body.unwrap(), @r#"{"variables":{"CONNECTEDLINE(name,i)":"Zhang \"San\", ${EXTEN}��X: y","CONNECTEDLINE(num,i)":"13800138000","switchyard_role":"agent"}}"#);
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
}
