//! One write, put together message by message, and what its answers mean.

use crate::engine::id::ChannelId;
use crate::switch::Failure;
use crate::switch::freeswitch::command::Unspeakable;

/// One write: messages that must reach the switch together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    pub text: String,
    /// How many answers it brings.
    pub answers: usize,
}

impl Batch {
    pub(super) fn message(&mut self, message: &str) {
        self.text.push_str(message);
        self.text.push_str("\n\n");
        self.answers += 1;
    }

    pub(super) fn api(&mut self, line: &str) {
        self.message(&format!("api {line}"));
    }

    /// Ends what an application plays on the leg, and what waits behind it.
    pub(super) fn break_off(&mut self, channel: &ChannelId) {
        self.api(&format!("uuid_break {channel} all"));
    }

    /// Under `event-lock` an application waits for the one before it instead of nesting inside it.
    pub(super) fn execute(
        &mut self,
        channel: &ChannelId,
        application: &str,
        argument: &str,
        id: &str,
    ) {
        self.message(&format!(
            "sendmsg {channel}\ncall-command: execute\nexecute-app-name: {application}\n\
             execute-app-arg: {argument}\nevent-lock: true\nevent-uuid: {id}"
        ));
    }

    /// The job bears the channel's name, so that its failure can be told without having seen the channel.
    pub(super) fn originate(&mut self, channel: &ChannelId, dial_string: &str) {
        self.message(&format!(
            "bgapi originate {dial_string} &park()\nJob-UUID: {channel}"
        ));
    }

    /// Takes the dead-man's timer off a leg.
    pub(super) fn disarm(&mut self, channel: &ChannelId) -> Result<(), Unspeakable> {
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
