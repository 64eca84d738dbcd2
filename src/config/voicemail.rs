//! `[voicemail]`: what holds for every message that a caller leaves.

use crate::config::section::section;
use crate::engine::centre::VoicemailSettings;
use crate::engine::id::PromptId;
use crate::engine::time::Span;
use std::num::NonZeroU32;

section! {
    /// What holds for messages that callers leave, in the mailbox of an agent, a
    /// group or a queue. A flow asks for one by a block of kind "voicemail", a queue
    /// by an overflow to "voicemail".
    pub struct VoicemailConfig {
        /// Prompt before the tone, where a flow names no other.
        default greeting: PromptId = "leave-a-message",
        /// Prompt after which the caller speaks.
        default tone: PromptId = "tone",
        /// Seconds of the longest message.
        default max_s: NonZeroU32 = 180,
        /// Seconds of silence that end a message; `#` ends it too.
        default silence_s: NonZeroU32 = 5,
        /// Seconds until the last sound of the shortest message; less is dropped.
        default min_s: u32 = 2,
        /// New messages in one mailbox; with as many in it callers are asked for none.
        default max_messages: NonZeroU32 = 500,
    }
}

impl From<&VoicemailConfig> for VoicemailSettings {
    fn from(settings: &VoicemailConfig) -> Self {
        Self {
            greeting: settings.greeting.clone(),
            tone: settings.tone.clone(),
            max: Span::seconds(settings.max_s.get()),
            silence: Span::seconds(settings.silence_s.get()),
            min: Span::seconds(settings.min_s),
            max_messages: settings.max_messages.get(),
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
            VoicemailSettings::from(&VoicemailConfig::parse("").unwrap()),
            VoicemailSettings::default()
        );
    }
}
