//! What we ask of FreeSWITCH, as the exact text that goes onto the wire.
//!
//! Pure: a [`SwitchOrder`] in, one [`Batch`] out, written in one piece. The
//! switch answers each message of a batch in turn; the last answer decides.

use crate::config::switch::FreeswitchConfig;
use crate::engine::id::{CallId, ChannelId, CommandId, PromptId, SwitchId};
use crate::engine::time::Span;
use crate::switch::freeswitch::cause;
use crate::switch::freeswitch::quote::inert;
use crate::switch::{
    Failure, Language, LegVariables, PhoneNumber, Ring, SwitchCommand, SwitchOrder, Target,
};

/// The channel variable that marks a leg as ours; its value is the switch's id
/// in our configuration. The dialplan sets it on arrival, [`SwitchCommand::Ring`]
/// on the legs it makes, and the subscription asks for events of these legs only.
pub const MARK: &str = "switchyard_switch";

/// What precedes the command's id in the `Event-UUID` of a prompt.
pub const PLAY_PREFIX: &str = "switchyard-play-";

/// The same for music, of which only a failure is told.
pub const MUSIC_PREFIX: &str = "switchyard-music-";

/// One write: messages that must reach the switch together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    pub text: String,
    /// How many answers it brings.
    pub answers: usize,
}

/// Why a command cannot be put into words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unspeakable {
    #[error("a prompt list is empty")]
    NoPrompts,
    #[error("a question about the switch has a connection of its own")]
    Question,
    #[error("number {0} cannot be dialled: the switch has no `outbound` setting")]
    NoOutbound(PhoneNumber),
    #[error(
        "channel {0} has only digits for a name, which the switch would take for the number of a task"
    )]
    DigitsOnly(ChannelId),
}

/// Why a setting cannot be used on an ESL line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    #[error(
        "`{setting}` holds {found:?}, which has a meaning in FreeSWITCH's command lines; use a value without it"
    )]
    Character { setting: &'static str, found: char },
    #[error(
        "`endpoint` = {found:?} does not say where the extension goes; write {{extension}} in it, as in user/{{extension}}"
    )]
    NoExtension { found: String },
    #[error(
        "`outbound` = {found:?} does not say where the number goes; write {{number}} in it, as in sofia/gateway/carrier/{{number}}"
    )]
    NoNumber { found: String },
    #[error(
        "`fallback` = {found:?} is not an extension, a dialplan and a context, as in \"switchyard-fallback XML switchyard\""
    )]
    Fallback { found: String },
    #[error("`{setting}` = {found:?} is not an absolute path in UTF-8")]
    Path {
        setting: &'static str,
        found: String,
    },
}

/// How one FreeSWITCH is spoken to: its settings, checked.
#[derive(Clone, Debug)]
pub struct Dialect {
    switch: SwitchId,
    endpoint: String,
    outbound: Option<String>,
    prompts: String,
    recordings: String,
    fallback: String,
}

impl Dialect {
    /// # Errors
    /// [`SettingError`] when a setting would be read as syntax somewhere.
    pub fn new(switch: SwitchId, settings: &FreeswitchConfig) -> Result<Self, SettingError> {
        let endpoint = &settings.endpoint;
        if !endpoint.contains("{extension}") {
            return Err(SettingError::NoExtension {
                found: endpoint.clone(),
            });
        }
        plain("endpoint", &endpoint.replace("{extension}", ""))?;
        if let Some(outbound) = &settings.outbound {
            if !outbound.contains("{number}") {
                return Err(SettingError::NoNumber {
                    found: outbound.clone(),
                });
            }
            plain("outbound", &outbound.replace("{number}", ""))?;
        }
        let fallback = settings.fallback.split_whitespace().collect::<Vec<_>>();
        if fallback.len() != 3 {
            return Err(SettingError::Fallback {
                found: settings.fallback.clone(),
            });
        }
        for part in &fallback {
            plain("fallback", part)?;
        }
        Ok(Self {
            switch,
            endpoint: endpoint.clone(),
            outbound: settings.outbound.clone(),
            prompts: folder("prompts", &settings.prompts)?,
            recordings: folder("recordings", &settings.recordings)?,
            fallback: fallback.join(" "),
        })
    }

    pub fn switch(&self) -> &SwitchId {
        &self.switch
    }

    /// # Errors
    /// [`Unspeakable`] when the command makes no sense on this switch.
    pub fn say(&self, order: &SwitchOrder) -> Result<Batch, Unspeakable> {
        let mut batch = Batch {
            text: String::new(),
            answers: 0,
        };
        match &order.command {
            SwitchCommand::Answer { channel } => batch.api(&format!("uuid_answer {channel}")),
            SwitchCommand::Refuse { channel, cause } | SwitchCommand::HangUp { channel, cause } => {
                batch.api(&format!("uuid_kill {channel} {}", cause::number(*cause)));
            }
            SwitchCommand::Play {
                channel,
                prompts,
                language,
            } => {
                batch.silence(channel);
                let files = self.files(prompts, *language)?;
                batch.execute(
                    channel,
                    "playback",
                    &files,
                    &format!("{PLAY_PREFIX}{}", order.id),
                );
            }
            SwitchCommand::Music { channel, class } => {
                batch.silence(channel);
                // Not endless_playback, under which digits are kept back; a local stream has no end.
                let stream = format!("local_stream://{class}");
                batch.execute(
                    channel,
                    "playback",
                    &stream,
                    &format!("{MUSIC_PREFIX}{}", order.id),
                );
            }
            SwitchCommand::Silence { channel } => batch.silence(channel),
            SwitchCommand::Ring(ring) => batch.originate(&ring.channel, &self.dial_string(ring)?),
            SwitchCommand::Bridge { channel, peer } => {
                batch.disarm(channel)?;
                batch.disarm(peer)?;
                batch.api(&format!("uuid_bridge {channel} {peer}"));
            }
            SwitchCommand::Record { caller, agent } => {
                let file = self.recording_file(order.call, order.id);
                // The switch itself ends the recording with the agent's leg; the caller's leg ends it anyway.
                batch.api(&format!(
                    "uuid_setvar {agent} api_hangup_hook uuid_record {caller} stop {file}"
                ));
                batch.api(&format!(
                    "uuid_record {caller} start {file} 0 {{RECORD_STEREO=true}}"
                ));
            }
            SwitchCommand::StopRecording { caller, recording } => {
                batch.api(&format!(
                    "uuid_record {caller} stop {}",
                    self.recording_file(order.call, *recording)
                ));
            }
            SwitchCommand::Guard { channel, after } => {
                batch.disarm(channel)?;
                batch.api(&format!(
                    "sched_transfer +{} {channel} {}",
                    seconds(*after),
                    self.fallback
                ));
            }
            SwitchCommand::List
            | SwitchCommand::Examine { .. }
            | SwitchCommand::FindRecording { .. } => return Err(Unspeakable::Question),
            SwitchCommand::Part { .. }
            | SwitchCommand::Join { .. }
            | SwitchCommand::Leave { .. }
            | SwitchCommand::Supervise { .. }
            | SwitchCommand::SendDigits { .. }
            | SwitchCommand::RecordMessage { .. }
            | SwitchCommand::SetLamp { .. } => return Err(Unspeakable::Question),
            SwitchCommand::SetVariables { channel, variables } => {
                let list = assignments(variables).collect::<Vec<_>>().join(";");
                batch.api(&format!("uuid_setvar_multi {channel} {list}"));
            }
        }
        Ok(batch)
    }

    /// `<recordings>/<call>-<command>.wav`.
    pub(super) fn recording_file(&self, call: CallId, recording: CommandId) -> String {
        format!("{}/{call}-{recording}.wav", self.recordings)
    }

    /// The recording a file of the switch belongs to, if it is one of ours.
    pub fn recording_of(&self, file: &str) -> Option<CommandId> {
        let name = file.strip_prefix(&self.recordings)?.strip_prefix('/')?;
        let (call, command) = name.strip_suffix(".wav")?.split_once('-')?;
        call.parse::<CallId>().ok()?;
        command.parse().ok().map(CommandId)
    }

    /// The name of the extension of the fallback path.
    pub fn fallback_extension(&self) -> &str {
        self.fallback.split(' ').next().unwrap_or_default()
    }

    fn files(&self, prompts: &[PromptId], language: Language) -> Result<String, Unspeakable> {
        let file = |prompt: &PromptId| format!("{}/{}/{prompt}.wav", self.prompts, language.tag());
        match prompts {
            [] => Err(Unspeakable::NoPrompts),
            [one] => Ok(file(one)),
            many => Ok(format!(
                "file_string://{}",
                many.iter().map(file).collect::<Vec<_>>().join("!")
            )),
        }
    }

    fn dial_string(&self, ring: &Ring) -> Result<String, Unspeakable> {
        let number = match ring.caller_number.as_str() {
            "" => "anonymous",
            number => number,
        };
        let mut variables = vec![
            format!("origination_uuid={}", ring.channel),
            format!("origination_caller_id_number={}", inert(number)),
            format!("originate_timeout={}", seconds(ring.timeout)),
            "ignore_early_media=true".to_owned(),
            // Either leg outlives the other.
            "park_after_bridge=true".to_owned(),
            "hangup_after_bridge=false".to_owned(),
            // A key is told, and ends nothing.
            "playback_terminators=none".to_owned(),
            format!("{MARK}={}", inert(self.switch.as_str())),
        ];
        if !ring.caller_name.is_empty() {
            variables.push(format!(
                "origination_caller_id_name={}",
                inert(ring.caller_name.as_str())
            ));
        }
        variables.extend(assignments(&ring.variables));
        let endpoint = self.endpoint_of(&ring.to)?;
        Ok(format!("{{{}}}{endpoint}", variables.join(",")))
    }

    fn endpoint_of(&self, to: &Target) -> Result<String, Unspeakable> {
        match (to, &self.outbound) {
            (Target::Extension(extension), _) => {
                Ok(self.endpoint.replace("{extension}", extension.as_str()))
            }
            (Target::Number(number), Some(outbound)) => {
                Ok(outbound.replace("{number}", number.as_str()))
            }
            (Target::Number(number), None) => Err(Unspeakable::NoOutbound(number.clone())),
        }
    }
}

fn assignments(variables: &LegVariables) -> impl Iterator<Item = String> + '_ {
    variables
        .iter()
        .map(|(variable, value)| format!("{}={}", variable.name(), inert(value)))
}

impl Batch {
    fn message(&mut self, message: &str) {
        self.text.push_str(message);
        self.text.push_str("\n\n");
        self.answers += 1;
    }

    fn api(&mut self, line: &str) {
        self.message(&format!("api {line}"));
    }

    fn silence(&mut self, channel: &ChannelId) {
        self.api(&format!("uuid_break {channel} all"));
    }

    /// Under `event-lock` an application waits for the one before it instead of nesting inside it.
    fn execute(&mut self, channel: &ChannelId, application: &str, argument: &str, id: &str) {
        self.message(&format!(
            "sendmsg {channel}\ncall-command: execute\nexecute-app-name: {application}\n\
             execute-app-arg: {argument}\nevent-lock: true\nevent-uuid: {id}"
        ));
    }

    /// The job bears the channel's name, so that its failure can be told without having seen the channel.
    fn originate(&mut self, channel: &ChannelId, dial_string: &str) {
        self.message(&format!(
            "bgapi originate {dial_string} &park()\nJob-UUID: {channel}"
        ));
    }

    fn disarm(&mut self, channel: &ChannelId) -> Result<(), Unspeakable> {
        if channel.as_str().chars().all(|c| c.is_ascii_digit()) {
            return Err(Unspeakable::DigitsOnly(channel.clone()));
        }
        self.api(&format!("sched_del {channel}"));
        Ok(())
    }
}

/// What the answer to the last message of a batch says.
///
/// # Errors
/// The kind of failure when the switch refused.
pub fn verdict(answer: &str) -> Result<(), Failure> {
    if answer.starts_with("+OK") {
        return Ok(());
    }
    let absent = [
        "No such channel",
        "Cannot locate session",
        "invalid session id",
        "Invalid uuid",
        "-ERROR",
    ];
    if absent.iter().any(|words| answer.contains(words)) {
        return Err(Failure::NoSuchChannel);
    }
    if answer.contains("Cannot stop record session") {
        return Err(Failure::WrongState);
    }
    Err(Failure::Refused)
}

/// FreeSWITCH counts in whole seconds; never less than was asked for.
fn seconds(span: Span) -> u64 {
    span.as_millis().div_ceil(1_000).max(1)
}

fn plain(setting: &'static str, value: &str) -> Result<(), SettingError> {
    let allowed = |c: char| c.is_alphanumeric() || "/._-+@:".contains(c);
    match value.chars().find(|c| !allowed(*c)) {
        Some(found) => Err(SettingError::Character { setting, found }),
        None => Ok(()),
    }
}

fn folder(setting: &'static str, path: &std::path::Path) -> Result<String, SettingError> {
    let text = path.to_str().filter(|_| path.is_absolute());
    let text = text.ok_or_else(|| SettingError::Path {
        setting,
        found: path.display().to_string(),
    })?;
    plain(setting, text)?;
    Ok(text.trim_end_matches('/').to_owned())
}
