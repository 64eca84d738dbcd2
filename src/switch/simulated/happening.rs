//! What the simulated switch tells of itself.

use crate::engine::id::{ChannelId, CommandId, PromptId};
use crate::switch::simulated::tape::Tape;
use crate::switch::{SwitchEvent, Target};

/// What the switch did, for the controller and for the far ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    Event(SwitchEvent),
    /// A recording ended; told in place of [`SwitchEvent::RecordingFinished`],
    /// which follows once its file is written.
    Recorded(Tape),
    /// The device or number is called on a new leg.
    Called {
        channel: ChannelId,
        to: Target,
        /// The leg is to be kept from call to call.
        stands: bool,
    },
    /// The far end begins to hear prompts.
    HearsPrompt {
        channel: ChannelId,
        prompts: Vec<PromptId>,
    },
    /// What the far end says from here on is kept as a message.
    RecordsMessage {
        channel: ChannelId,
        recording: CommandId,
    },
    /// The far end begins to hear others' conversation.
    Listens {
        channel: ChannelId,
    },
    /// The phone hears what became of the transfer it asked for.
    TransferAnswered {
        channel: ChannelId,
        granted: bool,
    },
    /// The far end begins to hear music.
    HearsMusic {
        channel: ChannelId,
    },
    /// The far end begins to hear that a number rings.
    HearsRingBack {
        channel: ChannelId,
    },
    /// What the far end heard, prompts or music, ended or was replaced.
    HearsNothing {
        channel: ChannelId,
    },
    /// A dead-man's timer expired: the leg is on the fallback path.
    FellBack {
        channel: ChannelId,
        /// It was in a conversation, which this ended.
        talked: bool,
    },
}
