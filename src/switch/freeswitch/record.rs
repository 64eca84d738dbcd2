//! Recordings, made by a media bug: they go on whatever the leg does meanwhile.
//! (The application `record` hangs the leg up when it is torn off by a bridge.)

use crate::engine::id::ChannelId;
use crate::engine::time::Span;
use crate::switch::freeswitch::batch::Batch;
use crate::switch::freeswitch::command::seconds;

/// Mean level below which a frame counts as silence, on the switch's own scale
/// (speech is some thousands, line noise some tens).
const SILENCE_LEVEL: u32 = 200;

/// The recording variable by which a message is known: only a message has it.
pub(super) const ONE_SIDE: &str = "RECORD_READ_ONLY";

impl Batch {
    /// A conversation: what the caller says left, what the caller hears right.
    pub(super) fn record(&mut self, caller: &ChannelId, agent: &ChannelId, file: &str) {
        // The switch itself ends the recording with the agent's leg; the caller's leg ends it anyway.
        self.api(&format!(
            "uuid_setvar {agent} api_hangup_hook uuid_record {caller} stop {file}"
        ));
        self.api(&format!(
            "uuid_record {caller} start {file} 0 {{RECORD_STEREO=true}}"
        ));
    }

    /// A message: what the leg says. One of less than a second is thrown away.
    pub(super) fn record_message(
        &mut self,
        channel: &ChannelId,
        file: &str,
        max: Span,
        silence: Span,
    ) {
        let max = seconds(max);
        let silence = silence.as_millis();
        self.api(&format!(
            "uuid_record {channel} start {file} {max} {{{ONE_SIDE}=true,RECORD_MIN_SEC=1,\
             RECORD_INITIAL_TIMEOUT_MS={silence},RECORD_FINAL_TIMEOUT_MS={silence},\
             RECORD_SILENCE_THRESHOLD={SILENCE_LEVEL}}}"
        ));
    }
}
