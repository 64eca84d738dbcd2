//! What we ask of FreeSWITCH, as the exact text that goes onto the wire.
//!
//! Pure: a [`SwitchOrder`] in, one [`Batch`] out, written in one piece. The
//! switch answers each message of a batch in turn; the last answer decides.

use crate::config::switch::FreeswitchConfig;
use crate::engine::id::{CallId, ChannelId, CommandId, PromptId, SwitchId};
use crate::engine::time::Span;
use crate::switch::freeswitch::batch::Batch;
use crate::switch::freeswitch::cause;
use crate::switch::freeswitch::originate::Endpoints;
use crate::switch::freeswitch::quote::inert;
use crate::switch::freeswitch::setting::{self, SettingError};
use crate::switch::{
    Extension, Key, Language, LegVariables, PhoneNumber, SwitchCommand, SwitchOrder,
};

/// The channel variable that marks a leg as ours; its value is the switch's id
/// in our configuration. The dialplan sets it on arrival, [`SwitchCommand::Ring`]
/// on the legs it makes, and the subscription asks for events of these legs only.
pub const MARK: &str = "switchyard_switch";

/// What precedes the command's id in the `Event-UUID` of a prompt.
pub const PLAY_PREFIX: &str = "switchyard-play-";

/// 450 Hz, a second of it and four of silence: the tone of China (ITU-T E.180,
/// supplement 2), which FreeSWITCH also has as `cn-ring`.
const RING_BACK: &str = "tone_stream://%(1000,4000,450);loops=-1";
/// The same for music and for the tone that a number rings, of which only a failure is told.
pub const MUSIC_PREFIX: &str = "switchyard-music-";

/// Why a command cannot be put into words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unspeakable {
    #[error("a prompt list is empty")]
    NoPrompts,
    #[error("a list of keys is empty")]
    NoDigits,
    #[error("a question about the switch has a connection of its own")]
    Question,
    #[error("number {0} cannot be dialled: the switch has no `outbound` setting")]
    NoOutbound(PhoneNumber),
    #[error(
        "an agent on {0} cannot be rung: the switch has no trunk to it in its `trunks` setting"
    )]
    NoTrunk(SwitchId),
    #[error(
        "the lamp of mailbox {0} has no address: name the domain in the `endpoint` setting, as in user/{{extension}}@example.org"
    )]
    NoDomain(Extension),
    #[error(
        "channel {0} has only digits for a name, which the switch would take for the number of a task"
    )]
    DigitsOnly(ChannelId),
}

/// How one FreeSWITCH is spoken to: its settings, checked.
#[derive(Clone, Debug)]
pub struct Dialect {
    switch: SwitchId,
    endpoints: Endpoints,
    prompts: String,
    recordings: String,
    fallback: String,
}

impl Dialect {
    /// # Errors
    /// [`SettingError`] when a setting would be read as syntax somewhere.
    pub fn new(switch: SwitchId, settings: &FreeswitchConfig) -> Result<Self, SettingError> {
        Ok(Self {
            switch,
            endpoints: Endpoints::new(settings)?,
            prompts: setting::folder("prompts", &settings.prompts)?,
            recordings: setting::folder("recordings", &settings.recordings)?,
            fallback: setting::fallback(&settings.fallback)?,
        })
    }

    pub fn switch(&self) -> &SwitchId {
        &self.switch
    }

    /// # Errors
    /// [`Unspeakable`] when the command makes no sense on this switch.
    pub fn say(&self, order: &SwitchOrder) -> Result<Batch, Unspeakable> {
        let mut batch = Batch::default();
        match &order.command {
            SwitchCommand::Answer { channel } => batch.api(&format!("uuid_answer {channel}")),
            SwitchCommand::Refuse { channel, cause } | SwitchCommand::HangUp { channel, cause } => {
                batch.api(&format!("uuid_kill {channel} {}", cause::word(*cause)));
            }
            SwitchCommand::Play {
                channel,
                prompts,
                language,
            } => {
                batch.break_off(channel);
                let files = self.files(prompts, *language)?;
                batch.execute(
                    channel,
                    "playback",
                    &files,
                    &format!("{PLAY_PREFIX}{}", order.id),
                );
            }
            SwitchCommand::Music { channel, class } => {
                batch.break_off(channel);
                // Not endless_playback, under which digits are kept back; a local stream has no end.
                let stream = format!("local_stream://{class}");
                batch.execute(
                    channel,
                    "playback",
                    &stream,
                    &format!("{MUSIC_PREFIX}{}", order.id),
                );
            }
            SwitchCommand::RingBack { channel } => {
                batch.break_off(channel);
                batch.execute(
                    channel,
                    "playback",
                    RING_BACK,
                    &format!("{MUSIC_PREFIX}{}", order.id),
                );
            }
            SwitchCommand::Silence { channel } => {
                batch.end_supervision(channel);
                batch.break_off(channel);
            }
            SwitchCommand::Ring(ring) => {
                let dial_string = self.endpoints.dial_string(ring, &self.switch)?;
                batch.originate(&ring.channel, &dial_string);
            }
            SwitchCommand::Bridge { channel, peer } => batch.bridge(channel, peer)?,
            SwitchCommand::Part { channel, peer } => batch.part(channel, peer),
            SwitchCommand::Join {
                channel,
                conference,
            } => batch.join(channel, *conference)?,
            SwitchCommand::Leave { channel, .. } => batch.park(channel),
            SwitchCommand::Supervise {
                channel,
                target,
                mode,
            } => batch.supervise(channel, target, *mode),
            SwitchCommand::AnswerTransfer {
                channel,
                peer,
                granted,
            } => {
                if let Some(peer) = peer {
                    batch.answer_transfer(channel, peer, *granted, order.id)?;
                }
            }
            SwitchCommand::SendDigits { channel, digits } => {
                if digits.is_empty() {
                    return Err(Unspeakable::NoDigits);
                }
                let digits = digits.iter().map(Key::to_string).collect::<String>();
                batch.api(&format!("uuid_send_dtmf {channel} {digits}"));
            }
            SwitchCommand::RecordMessage {
                channel,
                max,
                silence,
            } => {
                let file = self.recording_file(order.call, order.id);
                batch.record_message(channel, &file, *max, *silence);
            }
            SwitchCommand::SetLamp { mailbox, new, old } => {
                self.set_lamp(&mut batch, mailbox, *new, *old)?;
            }
            SwitchCommand::Record { caller, agent } => {
                batch.record(caller, agent, &self.recording_file(order.call, order.id));
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
            SwitchCommand::SetVariables { channel, variables } => {
                let list = assignments(variables).collect::<Vec<_>>().join(";");
                batch.api(&format!("uuid_setvar_multi {channel} {list}"));
            }
        }
        Ok(batch)
    }

    /// The switch sends it on to the devices that asked for the mailbox.
    fn set_lamp(
        &self,
        batch: &mut Batch,
        mailbox: &Extension,
        new: u32,
        old: u32,
    ) -> Result<(), Unspeakable> {
        let account = self.endpoints.account(mailbox)?;
        let waiting = if new > 0 { "yes" } else { "no" };
        let profile = self.endpoints.profile();
        let profile = profile.map_or(String::new(), |name| format!("\nsofia-profile: {name}"));
        batch.message(&format!(
            "sendevent MESSAGE_WAITING\nMWI-Messages-Waiting: {waiting}\n\
             MWI-Message-Account: {account}\nMWI-Voice-Message: {new}/{old}{profile}"
        ));
        Ok(())
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
}

pub(super) fn assignments(variables: &LegVariables) -> impl Iterator<Item = String> + '_ {
    variables
        .iter()
        .map(|(variable, value)| format!("{}={}", variable.name(), inert(value)))
}

/// FreeSWITCH counts in whole seconds; never less than was asked for.
pub(super) fn seconds(span: Span) -> u64 {
    span.as_millis().div_ceil(1_000).max(1)
}
